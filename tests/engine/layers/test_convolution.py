"""Convolution and Deconvolution against real Caffe."""

from __future__ import annotations

import numpy as np
import pytest
from conformance import Case, examples, values
from hypothesis import assume, given
from hypothesis import strategies as st

SUM = {"floor": 0.1, "reason": "a sum of terms up to 1 may nearly cancel, where a blob has few values"}
TYPES = ["Convolution", "Deconvolution"]


def convolution(type_name: str, text: str, *shape: int, bottoms: int = 1, **others) -> Case:
    return Case(f'type: "{type_name}" convolution_param {{ {text} }}', [values(*shape, seed=i) for i in range(bottoms)],
                tops=bottoms, **others)


def fields(name: str, lengths) -> str:
    return " ".join(f"{name}: {length}" for length in lengths)


@st.composite
def geometries(draw, axes: int):
    """Image, kernel, stride, padding and dilation for each axis, such that both directions have a top."""
    def lengths(low: int, high: int) -> list:
        return draw(st.lists(st.integers(low, high), min_size=axes, max_size=axes))

    geometry = lengths(1, 7), lengths(1, 3), lengths(1, 3), lengths(0, 2), lengths(1, 2)
    for image, kernel, stride, pad, dilation in zip(*geometry):
        reach = dilation * (kernel - 1) + 1
        assume(reach <= image + 2 * pad and stride * (image - 1) + reach > 2 * pad)
    return geometry


@examples(60)
@given(type_name=st.sampled_from(TYPES), geometry=st.integers(0, 4).flatmap(geometries), group=st.integers(1, 3),
       per_group=st.tuples(st.integers(1, 2), st.integers(1, 2)), bias=st.sampled_from(["true", "false"]))
def test_geometry(judge, type_name, geometry, group, per_group, bias):
    image, kernel, stride, pad, dilation = geometry
    assume(np.prod(image) < 500)
    judge(convolution(type_name, f"num_output: {group * per_group[1]} group: {group} bias_term: {bias} "
                      + " ".join(map(fields, ["kernel_size", "stride", "pad", "dilation"],
                                     [kernel, stride, pad, dilation])),
                      2, group * per_group[0], *image), **SUM)


@pytest.mark.parametrize("type_name", TYPES)
@pytest.mark.parametrize("text", [
    "kernel_size: 3", "kernel_size: 1", "kernel_h: 3 kernel_w: 2", "kernel_size: 2 stride_h: 2 stride_w: 1",
    "kernel_size: 3 pad_h: 0 pad_w: 1 dilation: 2", "kernel_size: 3 kernel_size: 2 stride: 2 pad: 1",
    "kernel_size: 3 axis: -3", "kernel_size: 2 force_nd_im2col: true",
])
def test_ways_to_state_the_lengths(judge, type_name, text):
    judge(convolution(type_name, f"num_output: 2 {text}", 2, 3, 6, 7))


@pytest.mark.parametrize("type_name", TYPES)
@pytest.mark.parametrize("axis, shape", [(2, (2, 3, 4, 5, 5)), (-3, (2, 3, 4, 5, 5)), (0, (4, 5, 5)), (1, (2, 4, 5)),
                                         (2, (2, 3, 4, 5))])
def test_channel_axis(judge, type_name, axis, shape):
    judge(convolution(type_name, f"num_output: 6 group: 2 kernel_size: 2 axis: {axis}", *shape))


@pytest.mark.parametrize("type_name", TYPES)
def test_several_bottoms_share_the_weights(judge, type_name):
    judge(convolution(type_name, "num_output: 2 kernel_size: 3", 2, 3, 5, 6, bottoms=3))


@pytest.mark.parametrize("type_name", TYPES)
def test_other_sizes_later(judge, type_name):
    judge(convolution(type_name, "num_output: 2 kernel_size: 3 pad: 1 stride: 2", 2, 3, 5, 6,
                      then=[[values(3, 3, 8, 4)], [values(1, 3, 3, 3)]]))


@pytest.mark.parametrize("type_name, shape", [("Convolution", (4, 1, 28, 28)), ("Deconvolution", (4, 4, 20, 20))])
def test_shapes_that_are_lowered(judge, type_name, shape):
    judge(convolution(type_name, "num_output: 4 kernel_size: 9", *shape, passes=2))


@pytest.mark.parametrize("type_name", TYPES)
@pytest.mark.parametrize("text, match", [
    ("kernel_size: 3", "`num_output` is 0"),
    ("num_output: 2", "gives no `kernel_size`"),
    ("num_output: 2 kernel_size: 0", "`kernel_size` is"),
    ("num_output: 2 kernel_size: 3 stride: 0", "`stride` is"),
    ("num_output: 2 kernel_size: 3 kernel_h: 2 kernel_w: 2", "instead of `kernel_size`"),
    ("num_output: 2 kernel_size: 3 kernel_size: 3 kernel_size: 3", "give it once, or once for each"),
    ("num_output: 2 kernel_h: 3", "each length must be at least 1"),
    ("num_output: 3 kernel_size: 3 group: 2", "must be multiples"),
    ("num_output: 2 kernel_size: 3 group: 2", "must be multiples"),
    ("num_output: 2 kernel_size: 3 axis: 4", "axis 4 is out of range"),
])
def test_refusals(judge, type_name, text, match):
    judge.refused(convolution(type_name, text, 2, 3, 5, 6), match)


def test_refuses_a_kernel_beyond_the_image(judge):
    judge.refused(convolution("Convolution", "num_output: 2 kernel_size: 7", 2, 3, 5, 6), "does not fit")


@pytest.mark.parametrize("text", ["pad_h: 0", "kernel_h: 1 kernel_w: 1", "kernel_size: 1 kernel_size: 1"])
def test_refuses_lengths_of_axes_that_are_not_there(judge, text):
    judge.refused(convolution("Convolution", f"num_output: 2 {text}", 3, 4), "that pair is for|give it once")


def test_refuses_bottoms_of_different_shapes(judge):
    text = 'type: "Convolution" convolution_param { num_output: 2 kernel_size: 3 }'
    judge.refused(Case(text, [values(2, 3, 5, 6), values(2, 3, 6, 6)], tops=2), "must agree")


GOLDEN = {
    "convolution": convolution("Convolution", "num_output: 2 kernel_size: 3 stride: 2 pad: 1", 2, 3, 5, 4),
    "groups, dilated, no bias": convolution("Convolution", "num_output: 4 group: 2 kernel_size: 2 dilation: 2 "
                                            "bias_term: false", 1, 2, 5, 4),
    "one axis": convolution("Convolution", "num_output: 2 kernel_size: 3", 2, 2, 6),
    "no axes": convolution("Convolution", "num_output: 2 kernel_size: 1", 3, 4),
    "three axes": convolution("Convolution", "num_output: 2 kernel_size: 2", 1, 2, 3, 3, 3),
    "four axes": convolution("Convolution", "num_output: 2 kernel_size: 2", 1, 2, 2, 3, 2, 3),
    "deconvolution, four axes": convolution("Deconvolution", "num_output: 2 kernel_size: 2 stride: 2", 1, 2, 2, 1, 2,
                                            1),
    "deconvolution": convolution("Deconvolution", "num_output: 2 kernel_size: 3 stride: 2 pad: 1", 2, 3, 3, 4),
    "deconvolution, groups": convolution("Deconvolution", "num_output: 4 group: 2 kernel_h: 2 kernel_w: 3", 1, 2, 3, 2),
    "two bottoms": convolution("Convolution", "num_output: 2 kernel_size: 2", 2, 2, 3, 3, bottoms=2),
}
