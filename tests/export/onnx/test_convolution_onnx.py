"""Convolution, Deconvolution and Im2col in ONNX."""

from __future__ import annotations

import numpy as np
import pytest
from conformance import Case, examples, values
from hypothesis import assume, given
from hypothesis import strategies as st
from onnx_judge import hold

SUM = {"floor": 0.1, "reason": "a sum of terms up to 1 may nearly cancel, where a blob has few values"}
TYPES = ["Convolution", "Deconvolution"]


def convolution(type_name: str, text: str, *shape: int, bottoms: int = 1, **others) -> Case:
    return Case(f'type: "{type_name}" convolution_param {{ {text} }}', [values(*shape, seed=i) for i in range(bottoms)],
                tops=bottoms, **others)


@st.composite
def geometries(draw, axes: int) -> tuple[list[int], str]:
    """The lengths of the spatial axes, and options with which both directions have a top."""
    def lengths(low: int, high: int) -> list:
        return draw(st.lists(st.integers(low, high), min_size=axes, max_size=axes))

    image, options = lengths(1, 7), {"kernel_size": lengths(1, 3), "stride": lengths(1, 3), "pad": lengths(0, 2),
                                     "dilation": lengths(1, 2)}
    for length, kernel, stride, pad, dilation in zip(image, *options.values()):
        reach = dilation * (kernel - 1) + 1
        assume(reach <= length + 2 * pad and stride * (length - 1) + reach > 2 * pad)
    assume(np.prod(image) < 400)
    return image, " ".join(f"{name}: {length}" for name, given in options.items() for length in given)


@examples(60)
@given(type_name=st.sampled_from(TYPES), geometry=st.integers(0, 4).flatmap(geometries), group=st.integers(1, 3),
       per_group=st.tuples(st.integers(1, 2), st.integers(1, 2)), bias=st.sampled_from(["true", "false"]))
def test_geometry(type_name, geometry, group, per_group, bias):
    image, text = geometry
    hold(convolution(type_name, f"num_output: {group * per_group[1]} group: {group} bias_term: {bias} {text}",
                     2, group * per_group[0], *image), **SUM)


@pytest.mark.parametrize("type_name", TYPES)
@pytest.mark.parametrize("text", [
    "kernel_h: 3 kernel_w: 2", "kernel_size: 2 stride_h: 2 stride_w: 1", "kernel_size: 3 pad_h: 0 pad_w: 1 dilation: 2",
    "kernel_size: 3 kernel_size: 2 stride: 2 pad: 1"])
def test_lengths_for_rows_and_columns(type_name, text):
    hold(convolution(type_name, f"num_output: 2 {text}", 2, 3, 6, 7), **SUM)


@pytest.mark.parametrize("type_name", TYPES)
@pytest.mark.parametrize("axis, shape", [(2, (2, 3, 4, 5, 5)), (-3, (2, 3, 4, 5, 5)), (2, (2, 3, 4, 5)),
                                         (2, (2, 3, 4)), (3, (2, 2, 1, 4, 3))])
def test_channels_on_a_later_axis(type_name, axis, shape):
    hold(convolution(type_name, f"num_output: 6 group: 2 kernel_size: 2 axis: {axis}", *shape), **SUM)


@pytest.mark.parametrize("type_name", TYPES)
@pytest.mark.parametrize("shape", [(4, 5, 5), (4, 5), (4,), (4, 3, 3, 3)])     # so that there is no batch
def test_channels_on_the_first_axis(type_name, shape):
    hold(convolution(type_name, "num_output: 6 group: 2 kernel_size: 2 axis: 0", *shape), dynamic=False, **SUM)


@pytest.mark.parametrize("type_name", TYPES)
@pytest.mark.parametrize("shape", [(2, 3, 5, 6), (2, 3)])
def test_several_bottoms_share_the_weights(type_name, shape):
    hold(convolution(type_name, "num_output: 2 kernel_size: 3", *shape, bottoms=3), **SUM)


@pytest.mark.parametrize("type_name, text", [
    ("ConvolutionDepthwise", "kernel_size: 3 pad: 1 stride: 2"), ("ConvolutionDepthwise", "kernel_h: 3 kernel_w: 2"),
    ("DepthwiseConvolution", "num_output: 3 group: 3 kernel_size: 3 bias_term: false")])
def test_depthwise_convolutions_of_forks(type_name, text):
    hold(convolution(type_name, text, 2, 3, 6, 7), **SUM)


@examples(30)
@given(geometry=st.integers(1, 4).flatmap(geometries), batch=st.lists(st.integers(1, 3), min_size=1, max_size=2),
       channels=st.integers(1, 3))
def test_windows_as_channels(geometry, batch, channels):
    image, text = geometry
    hold(convolution("Im2col", f"axis: {len(batch)} {text}", *batch, channels, *image), tolerance=0,
         reason="values are copied")


@pytest.mark.parametrize("text", ["kernel_h: 2 kernel_w: 3", "kernel_size: 3 stride_h: 2 stride_w: 1",
                                  "kernel_size: 1", "kernel_size: 1 stride: 2"])
def test_windows_as_channels_by_rows_and_columns(text):
    hold(convolution("Im2col", text, 2, 2, 5, 6))


def test_windows_of_a_single_image_as_channels():
    hold(convolution("Im2col", "kernel_size: 2 axis: 0", 2, 5, 6))


@pytest.mark.parametrize("shape", [(2, 4, 5), (2, 4, 5, 3), (2, 4, 2, 3, 3)])
def test_padded_kernels_of_one_value(shape):
    hold(convolution("Convolution", "num_output: 2 kernel_size: 1 pad: 2 group: 2", *shape), **SUM)
