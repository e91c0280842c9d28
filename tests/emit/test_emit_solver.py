"""Solvers: Table 5 and what it leaves open."""

import pytest

from cae_caffe.emit import RECIPES, Source, solver

SHARED = {"net": "p/net.prototxt", "test_state": [{"stage": "test-on-train"}, {"stage": "test-on-test"}],
          "test_iter": [600, 100], "test_compute_loss": True, "type": "SGD", "weight_decay": 0.0005, "display": 100,
          "snapshot": 3000, "snapshot_prefix": "p/m", "random_seed": 1, "solver_mode": "CPU"}


def made(family, **options):
    return solver(RECIPES[family], "p/net.prototxt", "p/m", **options)


def test_classic():
    assert made("classic") == {**SHARED, "base_lr": 0.01, "lr_policy": "step", "gamma": 0.1, "stepsize": 1000,
                               "momentum": 0.9, "max_iter": 5000, "test_interval": 1000}


def test_convolutional():
    assert made("convolutional") == {**SHARED, "base_lr": 0.006, "lr_policy": "fixed", "max_iter": 20000,
                                     "test_interval": 5000}


@pytest.mark.parametrize("batch_size, iterations", [(100, [600, 100]), (1000, [60, 10]), (64, [938, 157])])
def test_each_test_passes_over_all_images(batch_size, iterations):
    assert made("classic", source=Source(batch_size=batch_size))["test_iter"] == iterations


def test_mode_and_seed():
    fields = made("classic", solver_mode="GPU", random_seed=3)
    assert (fields["solver_mode"], fields["random_seed"]) == ("GPU", 3)
