"""Permute, ShuffleChannel, Reorg, ReLU6, NegReLU, Axpy, Normalize and depthwise convolutions in ONNX."""

from __future__ import annotations

import pytest
from conformance import Case, examples, values
from hypothesis import given
from hypothesis import strategies as st
from onnx_judge import hold


@examples(10)
@given(shape=st.lists(st.integers(1, 3), min_size=2, max_size=5), order=st.randoms(use_true_random=False),
       named=st.integers(0, 5))
def test_permute(shape, order, named):
    axes = list(range(1, len(shape)))
    order.shuffle(axes)
    order = " ".join(f"order: {axis}" for axis in [0, *axes][:named])
    hold(Case(f'type: "Permute" permute_param {{ {order} }}', [values(*shape)]))


def test_the_batch_may_move_too():
    hold(Case('type: "Permute" permute_param { order: 2 order: 0 order: 1 }', [values(2, 3, 4)]))


def test_permute_of_a_single_number():
    hold(Case('type: "Permute"', [values()]), dynamic=False)


@examples(8)
@given(batch=st.integers(1, 3), group=st.integers(1, 4), each=st.integers(1, 4),
       spatial=st.lists(st.integers(1, 3), max_size=3))
def test_shuffle_channel(batch, group, each, spatial):
    hold(Case(f'type: "ShuffleChannel" shuffle_channel_param {{ group: {group} }}',
              [values(batch, group * each, *spatial)]))


@examples(10)
@given(stride=st.integers(1, 3), few=st.tuples(*[st.integers(1, 3)] * 4), reverse=st.booleans())
def test_reorg(stride, few, reverse):
    batch, channels, height, width = few
    size = 1 if reverse else stride
    hold(Case(f'type: "Reorg" reorg_param {{ stride: {stride} reverse: {str(reverse).lower()} }}',
              [values(batch, channels * stride ** 2, height * size, width * size)]))


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("slope", [0, 0.25, 2, -0.5])
@pytest.mark.parametrize("options", ['type: "ReLU6" relu6_param', 'type: "NegReLU" relu_param'])
def test_slopes(options, slope, in_place):
    hold(Case(f"{options} {{ negative_slope: {slope} }}", [values(2, 5, 3, low=-9, high=12)], in_place=in_place))


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 4), (2, 3, 4, 5), (2, 2, 2, 2, 2)])
@pytest.mark.parametrize("factor", [(), (1, 1)])
def test_axpy(shape, factor):
    hold(Case('type: "Axpy"', [values(*shape[:2], *factor, seed=1), values(*shape, seed=2), values(*shape, seed=3)]))


SHAPES = st.tuples(st.integers(1, 3), st.integers(1, 4)) | st.tuples(*[st.integers(1, 4)] * 4)


@examples(10)
@given(shape=SHAPES, across_spatial=st.booleans(), channel_shared=st.booleans(), eps=st.sampled_from([1e-10, 0.1]))
def test_ssds_normalize(shape, across_spatial, channel_shared, eps):
    options = f"across_spatial: {across_spatial} channel_shared: {channel_shared} eps: {eps}".lower()
    hold(Case(f'type: "Normalize" norm_param {{ {options} }}', [values(*shape, low=0.2)]))


@pytest.mark.parametrize("tops", [1, 2])
@pytest.mark.parametrize("shape", [(2, 4), (3, 4, 1), (2, 3, 2, 3)])
@pytest.mark.parametrize("where", ["normalize_param", "softmax_param"])
@pytest.mark.parametrize("kind", ["L1", "L2"])
def test_normfaces_normalize(kind, where, shape, tops):
    hold(Case(f'type: "Normalize" {where} {{ normalize_type: "{kind}" }}', [values(*shape)], tops=tops))


@pytest.mark.parametrize("options", [
    "kernel_size: 3 pad: 1", "kernel_size: 3 stride: 2 bias_term: false", "kernel_size: 2 dilation: 2",
    "kernel_h: 1 kernel_w: 3 pad_w: 2 stride_h: 2 stride_w: 1"])
@pytest.mark.parametrize("kind", ["ConvolutionDepthwise", "DepthwiseConvolution"])
def test_depthwise_convolution(kind, options):
    hold(Case(f'type: "{kind}" convolution_param {{ num_output: 4 group: 4 {options} }}', [values(2, 4, 6, 5)]))


def test_depthwise_convolution_without_its_numbers_and_with_groups():
    hold(Case('type: "ConvolutionDepthwise" convolution_param { kernel_size: 3 }', [values(2, 3, 5, 5)]))
    hold(Case('type: "DepthwiseConvolution" convolution_param { num_output: 4 group: 2 kernel_size: 3 }',
              [values(2, 6, 5, 5)]))
