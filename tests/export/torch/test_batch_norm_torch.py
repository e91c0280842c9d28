"""BatchNorm in PyTorch: the module of PyTorch's own where it holds all numbers of Caffe's, else one with these."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from conformance import Case, values
from google.protobuf import text_format
from torch import nn
from torch_judge import hold

from cae_caffe import pycaffe, schema, to_torch

LAYER = 'type: "BatchNorm"'


def case(factor, shape=(3, 2, 4, 4), options="", mean=0.0):
    blobs = [values(2) + np.float32(mean), values(2, low=0.5, high=2), np.float32([factor])]
    return Case(f"{LAYER} {options}", [values(*shape)], params=blobs)


@pytest.mark.parametrize("shape, kind", [((3, 2), nn.BatchNorm1d), ((3, 2, 4), nn.BatchNorm1d),
                                         ((3, 2, 4, 4), nn.BatchNorm2d), ((3, 2, 2, 2, 2), nn.BatchNorm3d)])
def test_with_a_factor_of_1_it_is_pytorchs_own(shape, kind):
    module = hold(case(1, shape, "batch_norm_param { eps: 0.001 moving_average_fraction: 0.9 }"))
    assert type(module.layer) is kind
    assert (module.layer.eps, module.layer.momentum) == (0.001, 0.1)


@pytest.mark.parametrize("factor", [3.7, 0])
@pytest.mark.parametrize("shape", [(3, 2), (3, 2, 4, 4), (3, 2, 2, 1, 2, 2)])
def test_with_another_factor_caffes_numbers_are_kept(factor, shape):
    module = hold(case(factor, shape), tolerance=2e-6, reason="quotients of averages, rounded twice")
    assert module.layer.caffe_factor.tolist() == pytest.approx([factor])
    assert np.array_equal(module.layer.caffe_mean.numpy(), values(2))


@pytest.mark.parametrize("use", ["true", "false"])
def test_whose_averages_count_can_be_said_for_both_modes(use):
    module = hold(case(2, options=f"batch_norm_param {{ use_global_stats: {use} }}"),
                  tolerance=1e-5, reason="sums of a batch")
    x = torch.from_numpy(values(3, 2, 4, 4))
    assert torch.equal(module(x), module.train()(x))


def test_train_mode_takes_the_batchs_averages():
    module = hold(case(1)).train()
    y = module(torch.from_numpy(values(3, 2, 4, 4)))
    assert torch.allclose(y.mean((0, 2, 3)), torch.zeros(2), atol=1e-6)


FRACTION = 0.75
SETTLED = 1 / (1 - FRACTION)        # what Caffe's factor tends to, for it becomes FRACTION times itself and 1
TRAINING = f'''
layer {{ name: "data" type: "Input" top: "data" input_param {{ shape {{ dim: 3 dim: 2 dim: 4 dim: 4 }} }} }}
layer {{ name: "bn" type: "BatchNorm" bottom: "data" top: "bn"
        batch_norm_param {{ moving_average_fraction: {FRACTION} }} }}
'''


def in_phase_train(text):
    message = text_format.Parse(text, schema.NetParameter())
    return pycaffe.Net.from_message(message, [None] * len(message.layer), "net.prototxt", pycaffe.TRAIN)


def averages_after(batches, factor):
    """Mean and variance after so many batches: those of the engine in phase TRAIN, and the module's in train mode."""
    net = in_phase_train(TRAINING)
    for blob, start in zip(net.params["bn"], ([0.5, -1], [2, 0.25], [1])):
        blob.data[...] = factor * np.float32(start)
    module = to_torch(net).train()
    for seed in range(batches):
        data = values(3, 2, 4, 4, low=1, high=5, seed=seed)
        net.forward(data=data)
        module(torch.from_numpy(data))
    mean, variance, divisor = (blob.data for blob in net.params["bn"])
    return np.stack([mean, variance]) / divisor, np.stack([module.bn.running_mean, module.bn.running_var])


def test_settled_averages_move_as_in_phase_train():
    caffes, moved = averages_after(5, SETTLED)
    np.testing.assert_allclose(moved, caffes, rtol=1e-6)


def test_averages_of_few_batches_move_slower_than_in_phase_train():
    """The guide says so; a factor of 1 stands for one batch, which the second makes up for half of."""
    start, caffes, moved = averages_after(0, 1)[0], *averages_after(1, 1)
    np.testing.assert_allclose((moved - start) * SETTLED, (caffes - start) * (1 + FRACTION), rtol=1e-5)


def test_pspnets_averages_are_of_biased_variances_and_pytorchs_are_not():
    net = in_phase_train(TRAINING.replace('"BatchNorm"', '"BN"').replace("batch_norm_param { moving_average_fraction: "
                                                                         f"{FRACTION}", "bn_param { momentum: 0.9"))
    module, data = to_torch(net).train(), values(3, 2, 4, 4)
    assert module.bn.momentum == 0.1
    net.forward(data=data)
    module(torch.from_numpy(data))
    mean, variance = (blob.data.ravel() for blob in net.params["bn"][2:])
    np.testing.assert_allclose(module.bn.running_mean, mean, rtol=1e-5)
    number = 3 * 4 * 4
    np.testing.assert_allclose(module.bn.running_var, variance * number / (number - 1), rtol=1e-5)
