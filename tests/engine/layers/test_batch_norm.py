"""BatchNorm: batch statistics, moving averages, and training with them."""

from __future__ import annotations

import numpy as np
import pytest
from conformance import Case, examples, run_embedded, values
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe.errors import InputError

SHAPES = st.lists(st.integers(1, 5), min_size=1, max_size=4).flatmap(
    lambda rest: st.integers(3, 6).map(lambda rows: (rows, *rest)))
SEEDS = st.integers(0, 1000)


def averages(channels, seed=0, divisor=1.5):
    """Blobs as training leaves them: sums of means, of variances, and their divisor."""
    return [values(channels, seed=seed), values(channels, low=0.5, high=2, seed=seed + 1),
            np.array([divisor], np.float32)]


def case(shape, options="", seed=0, **more):
    bottom = values(*shape, low=-1, high=2, seed=seed)
    return Case(f'type: "BatchNorm" batch_norm_param {{ {options} }}', [bottom],
                params=averages(shape[1] if len(shape) > 1 else 1, seed), **more)


@examples(40)
@given(shape=SHAPES, fraction=st.sampled_from([0, 0.5, 0.999, 1]), eps=st.sampled_from([1e-5, 0.01, 1]), seed=SEEDS,
       in_place=st.booleans(), phase=st.sampled_from(["TRAIN", "TEST"]))
def test_batch_statistics(judge, shape, fraction, eps, seed, in_place, phase):
    options = f"use_global_stats: false moving_average_fraction: {fraction} eps: {eps}"
    judge(case(shape, options, seed, in_place=in_place, phase=phase, passes=2))


@examples(25)
@given(shape=SHAPES, use=st.sampled_from(["", "use_global_stats: true"]), seed=SEEDS, in_place=st.booleans(),
       phase=st.sampled_from(["TRAIN", "TEST"]))
def test_statistics_by_phase(judge, shape, use, seed, in_place, phase):
    judge(case(shape, use, seed, in_place=in_place, phase=phase, passes=2))


def test_averages_never_filled(judge):
    """The divisor is 0: mean and variance count as 0."""
    judge(Case('type: "BatchNorm" batch_norm_param { use_global_stats: true eps: 0.5 }', [values(3, 2)],
               params="filled"))


def test_one_value_a_channel(judge):
    judge(case((1, 3), "use_global_stats: false", passes=2))


def test_other_shapes(judge):
    judge(case((4, 3, 2, 2), then=[[values(6, 3, 5, 1)], [values(3, 3, 2, 2)]]))


def test_later_layers_in_place_do_not_disturb_the_gradient(judge):
    net = """
        layer { name: "norm" type: "BatchNorm" bottom: "data" top: "data" }
        layer { name: "scale" type: "Scale" bottom: "data" top: "data" scale_param { bias_term: true } }
        layer { name: "relu" type: "ReLU" bottom: "data" top: "data" }"""
    params = {"norm": averages(3), "scale": [values(3, seed=5), values(3, seed=6)]}
    judge(Case(net, {"data": values(4, 3, 5, 5)}, params=params),
          ignore=["scale[0].diff twice"], reason="Caffe's in-place Scale overwrites the bottom it has kept")


def test_refuses_a_bottom_without_channels(judge):
    judge.refused(case((4,)), match="needs two axes")


def test_refuses_learning_rates(judge):
    judge.refused(Case('type: "BatchNorm" param { lr_mult: 1 }', [values(3, 2)]), match="lr_mult 1")


def test_accepts_param_blocks_without_learning_rate(judge):
    judge(Case('type: "BatchNorm" param { lr_mult: 0 } param { lr_mult: 0 decay_mult: 0 }', [values(3, 2)],
               params=averages(2)))


def test_refuses_other_channels_later():
    with pytest.raises(InputError, match="made for 3 channels"):
        run_embedded(case((4, 3), then=[[values(4, 2)]]))




GOLDEN = {
    "by the batch": case((4, 2, 3), passes=2),
    "by the averages": case((4, 2, 3), phase="TEST"),
    "in place": case((3, 2, 2, 2), "moving_average_fraction: 0.5 eps: 0.1", in_place=True),
}
