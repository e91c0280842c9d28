"""The pieces under the kernels: geometry, the bilinear algorithm, scratch."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cae_caffe.engine.lowering import ConvolutionGeometry, Scratch, bilinear


def test_convolutions_round_down():
    geometry = ConvolutionGeometry(False, 1, 1, 10, 11, 1, (3, 3), (2, 4), (1, 0), (1, 2))
    assert (geometry.out_height, geometry.out_width) == (5, 2)


def test_deconvolutions_undo_convolutions():
    geometry = ConvolutionGeometry(True, 1, 1, 5, 2, 1, (3, 3), (2, 4), (1, 0), (1, 2))
    assert (geometry.out_height, geometry.out_width) == (9, 9)


def test_weights_have_caffes_shape():
    shape = {"in_channels": 4, "in_height": 9, "in_width": 9, "out_channels": 6, "kernel": (3, 2), "group": 2}
    assert ConvolutionGeometry(False, 1, **shape).weight_shape == (6, 2, 3, 2)
    assert ConvolutionGeometry(True, 1, **shape).weight_shape == (4, 3, 3, 2)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(short=st.integers(1, 40), taps=st.integers(1, 40))
def test_the_bilinear_algorithm_is_full_convolution(short, taps):
    factors = bilinear.factors(short, taps)
    generator = torch.Generator().manual_seed(short * 41 + taps)
    x, w = (torch.rand(n, dtype=torch.float64, generator=generator) for n in (short, taps))
    full = torch.nn.functional.conv1d(x[None, None], w.flip(0)[None, None], padding=taps - 1)[0, 0]
    torch.testing.assert_close(factors.large @ ((factors.small @ x) * (factors.kernel @ w)), full)
    assert len(factors.small) == bilinear.rank(short + taps - 1)


@pytest.mark.parametrize("length", [1, 2, 7, 20, 28])
def test_slot_0_is_the_sum_over_rows(length):
    factors = bilinear.factors(length, 1)
    torch.testing.assert_close(factors.small[0], torch.ones(length, dtype=torch.float64))
    torch.testing.assert_close(factors.large[:, 0], torch.full((length,), 1 / length, dtype=torch.float64))


def test_scratch_is_the_same_memory_for_the_same_role():
    scratch, like = Scratch(), torch.empty(0)
    scratch.reserve("a", 100)
    first, second = scratch.take("a", (5, 4), like), scratch.take("a", (10, 10), like)
    assert first.shape == (5, 4) and first.data_ptr() == second.data_ptr()
    assert scratch.take("b", (5, 4), like).data_ptr() != first.data_ptr()
    assert scratch.take("a", (5, 4), like.double()).dtype == torch.float64


def test_scratch_that_grows_leaves_earlier_pieces_alone():
    scratch, like = Scratch(), torch.empty(0)
    earlier = scratch.take("a", (2,), like).fill_(7)
    scratch.take("a", (100,), like).fill_(1)
    assert earlier.tolist() == [7, 7]
