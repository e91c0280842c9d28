"""Permute, ShuffleChannel, Reorg, ReLU6, NegReLU, Axpy, Normalize and depthwise convolutions on their way out."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch_judge
from both_judges import hold_both
from conformance import Case, examples, values
from hypothesis import given
from hypothesis import strategies as st
from torch import nn


@examples(10)
@given(shape=st.lists(st.integers(1, 3), min_size=2, max_size=5), order=st.randoms(use_true_random=False),
       named=st.integers(0, 5))
def test_permute(shape, order, named):
    axes = list(range(1, len(shape)))
    order.shuffle(axes)
    order = " ".join(f"order: {axis}" for axis in [0, *axes][:named])
    hold_both(Case(f'type: "Permute" permute_param {{ {order} }}', [values(*shape)]))


def test_the_batch_may_move_too():
    hold_both(Case('type: "Permute" permute_param { order: 2 order: 0 order: 1 }', [values(2, 3, 4)]))


@examples(8)
@given(batch=st.integers(1, 3), group=st.integers(1, 4), each=st.integers(1, 4),
       spatial=st.lists(st.integers(1, 3), max_size=3))
def test_shuffle_channel(batch, group, each, spatial):
    hold_both(Case(f'type: "ShuffleChannel" shuffle_channel_param {{ group: {group} }}',
              [values(batch, group * each, *spatial)]))


@examples(10)
@given(stride=st.integers(1, 3), few=st.tuples(*[st.integers(1, 3)] * 4), reverse=st.booleans())
def test_reorg(stride, few, reverse):
    batch, channels, height, width = few
    size = 1 if reverse else stride
    module = hold_both(Case(f'type: "Reorg" reorg_param {{ stride: {stride} reverse: {str(reverse).lower()} }}',
                       [values(batch, channels * stride ** 2, height * size, width * size)]))
    larger = module(torch.zeros(1, channels * stride ** 2, 2 * height * size, 3 * width * size))
    assert larger.numel() == channels * stride ** 2 * 6 * height * width * size ** 2


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("slope", [0, 0.25, 2, -0.5])
@pytest.mark.parametrize("options", ['type: "ReLU6" relu6_param', 'type: "NegReLU" relu_param'])
def test_slopes(options, slope, in_place):
    bottom = np.append(values(2, 5, 3, low=-9, high=12), np.zeros((2, 5, 1)), 2)
    bottom[0, 0, 0], bottom[0, 0, 1] = 6, 6 / (slope or 1)
    hold_both(Case(f"{options} {{ negative_slope: {slope} }}", [bottom], in_place=in_place))


def test_relu6_is_pytorchs_own():
    assert type(torch_judge.hold(Case('type: "ReLU6"', [values(2, 5, low=-9, high=12)])).layer) is nn.ReLU6


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 4), (2, 3, 4, 5), (2, 2, 2, 2, 2)])
@pytest.mark.parametrize("factor", [(), (1, 1)])
def test_axpy(shape, factor):
    shapes = [(*shape[:2], *factor), shape, shape]
    hold_both(Case('type: "Axpy"', [values(*each, seed=seed) for seed, each in enumerate(shapes, 1)]))


SHAPES = st.tuples(st.integers(1, 3), st.integers(1, 4)) | st.tuples(*[st.integers(1, 4)] * 4)


@examples(10)
@given(shape=SHAPES, across_spatial=st.booleans(), channel_shared=st.booleans(), eps=st.sampled_from([1e-10, 0.1]))
def test_ssds_normalize(shape, across_spatial, channel_shared, eps):
    options = f"across_spatial: {across_spatial} channel_shared: {channel_shared} eps: {eps}".lower()
    hold_both(Case(f'type: "Normalize" norm_param {{ {options} }}', [values(*shape, low=0.2)]))


def test_ssds_scale_may_be_fixed():
    text = 'type: "Normalize" norm_param { across_spatial: false fix_scale: true }'
    module = hold_both(Case(text, [values(2, 3, 2, 2)]))
    assert [name for name, weight in module.named_parameters() if not weight.requires_grad] == ["layer.weight"]


@pytest.mark.parametrize("tops", [1, 2])
@pytest.mark.parametrize("shape", [(2, 4), (3, 4, 1), (2, 3, 2, 3)])
@pytest.mark.parametrize("where", ["normalize_param", "softmax_param"])
@pytest.mark.parametrize("kind", ["L1", "L2"])
def test_normfaces_normalize(kind, where, shape, tops):
    hold_both(Case(f'type: "Normalize" {where} {{ normalize_type: "{kind}" }}', [values(*shape)], tops=tops))


@pytest.mark.parametrize("options", ["bp_norm: true", "fix_gradient: true", "bp_norm: true fix_gradient: true"])
def test_normfaces_gradients(options):
    torch_judge.hold(Case(f'type: "Normalize" normalize_param {{ {options} }}', [values(2, 3, 2, 3)], tops=2))


@pytest.mark.parametrize("options", [
    "kernel_size: 3 pad: 1", "kernel_size: 3 stride: 2 bias_term: false", "kernel_size: 2 dilation: 2",
    "kernel_h: 1 kernel_w: 3 pad_w: 2 stride_h: 2 stride_w: 1"])
@pytest.mark.parametrize("kind", ["ConvolutionDepthwise", "DepthwiseConvolution"])
def test_depthwise_convolution(kind, options):
    module = hold_both(Case(f'type: "{kind}" convolution_param {{ num_output: 4 group: 4 {options} }}',
                       [values(2, 4, 6, 5)]))
    assert type(module.layer) is nn.Conv2d


def test_depthwise_convolution_without_its_numbers_and_with_groups():
    hold_both(Case('type: "ConvolutionDepthwise" convolution_param { kernel_size: 3 }', [values(2, 3, 5, 5)]))
    hold_both(Case('type: "DepthwiseConvolution" convolution_param { num_output: 4 group: 2 kernel_size: 3 }',
              [values(2, 6, 5, 5)]))


def test_torch_exports_any_batch():
    text = ('layer { name: "mixed" type: "ShuffleChannel" bottom: "x" top: "mixed" shuffle_channel_param { group: 2 } }'
            'layer { name: "small" type: "Reorg" bottom: "mixed" top: "small" reorg_param { stride: 2 } }'
            'layer { name: "unit" type: "Normalize" bottom: "small" top: "unit" '
            'norm_param { across_spatial: false } }'
            'layer { name: "last" type: "Permute" bottom: "unit" top: "last" '
            'permute_param { order: 0 order: 2 order: 3 order: 1 } }')
    torch_judge.hold(Case(text, {"x": values(2, 4, 4, 6)}), exported=True)


def test_a_number_has_no_axes_to_permute():
    hold_both(Case('type: "Permute"', [values()]), onnx={"dynamic": False})
