"""A group of parameters updated in one pass, as SGD does where PyTorch can, is what chunk after chunk makes of it."""

from __future__ import annotations

import types

import pytest
import torch

from cae_caffe.engine.solvers.packing import CHUNK, Group
from cae_caffe.engine.solvers.sgd import SGD
from cae_caffe.engine.solvers.update import UpdateRule

COUNT = CHUNK + 5       # more than one chunk, and a rest
RATES = (0.1, 0.02, 0.02)


def rule(momentum: float, regularization_type: str = "L2") -> SGD:
    made = object.__new__(SGD)
    made.param = types.SimpleNamespace(momentum=momentum, regularization_type=regularization_type)
    return made


def trained(update_group, decay: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Data and velocity after an update at each of RATES."""
    generator = torch.Generator().manual_seed(1)
    data, velocity = torch.randn(COUNT, generator=generator), torch.zeros(COUNT)
    for iteration, rate in enumerate(RATES):
        group = Group(1, 1, [], data, torch.randn(COUNT, generator=generator))
        update_group(group, [velocity], rate, decay, iteration)
    return data, velocity


@pytest.mark.parametrize("decay", [0.0, 0.05])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_one_pass_is_what_chunks_make(momentum, decay):
    made = rule(momentum)
    data, velocity = trained(made.update_group, decay)
    chunked_data, chunked_velocity = trained(lambda *a: UpdateRule.update_group(made, *a), decay)
    # The same sums; one pass multiplies and adds at once, without rounding between.
    torch.testing.assert_close(velocity, chunked_velocity, rtol=1e-6, atol=1e-7)
    torch.testing.assert_close(data, chunked_data, rtol=1e-6, atol=5e-7)


def test_decay_other_than_l2_goes_by_chunks():
    made = rule(0.9, "L1")
    data, velocity = trained(made.update_group, 0.05)
    plain, _ = trained(rule(0.9).update_group, 0.05)
    chunked = trained(lambda *a: UpdateRule.update_group(made, *a), 0.05)
    assert torch.equal(data, chunked[0]) and torch.equal(velocity, chunked[1]) and not torch.equal(data, plain)


@pytest.mark.parametrize("rate", [3.0, 1e-3, 1e-9])
def test_the_velocity_holds_the_rate_to_full_precision(rate):
    group, velocity = Group(1, 1, [], torch.zeros(4), torch.tensor([1.0, -2.0, 3.0, 1e3])), torch.zeros(4)
    rule(0.9).update_group(group, [velocity], rate, 0.0, 0)
    torch.testing.assert_close(velocity, rate * group.diff, rtol=1e-6, atol=0)


def test_views_of_the_data_know_that_they_were_written():
    # Layers tell by the version counter that weights they prepared in the forward pass are not those of now.
    group = Group(1, 1, [], torch.zeros(6), torch.ones(6))
    view = group.data[2:4].view(2, 1)
    before = view._version
    rule(0.9).update_group(group, [torch.zeros(6)], 0.1, 0.0, 0)
    assert view._version > before
