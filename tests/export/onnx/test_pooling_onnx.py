"""Pooling and SPP in ONNX."""

from __future__ import annotations

import numpy as np
import pytest
from conformance import Case, distinct, examples, values
from hypothesis import assume, given
from hypothesis import strategies as st
from onnx_judge import hold

EXACT = {"tolerance": 0, "reason": "a maximum is one of the values, and of a window without one a number beyond all"}


def pooling(text: str, *shape: int, tops: int = 1, low: float | None = None) -> Case:
    bottom = distinct(*shape) if low is None else values(*shape, low=low)
    return Case(f'type: "Pooling" pooling_param {{ {text} }}', [bottom], tops=tops)


def agreement(method: str) -> dict:
    return EXACT if method == "MAX" else {}


@st.composite
def windows(draw, axes: int, dilated: bool = False):
    """The lengths of an image's axes, and options whose windows fit."""
    lengths = st.integers(1, 4), st.integers(1, 4), st.integers(0, 5), st.integers(1, 3 if dilated else 1)
    kernel, stride, pad, dilation = ([draw(each) for _ in range(axes)] for each in lengths)
    size = [draw(st.integers(1, 8)) for _ in range(axes)]
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation)]
    pad = [min(p, r - 1) for p, r in zip(pad, reach)]
    assume(all(r <= s + 2 * p for r, s, p in zip(reach, size, pad)))
    options = {"kernel_size": kernel, "stride": stride, "pad": pad, "dilation": dilation}
    if axes == 2 and not dilated:
        pairs = {"kernel": kernel, "stride": stride, "pad": pad}
        options = {f"{name}_{axis}": [length] for name, pair in pairs.items() for axis, length in zip("hw", pair)}
    return size, " ".join(f"{name}: {length}" for name, lengths in options.items() for length in lengths)


@examples(40)
@given(method=st.sampled_from(["MAX", "AVE"]), images=windows(2), mode=st.sampled_from(["CEIL", "FLOOR"]))
def test_windows(method, images, mode):
    size, text = images
    hold(pooling(f"pool: {method} round_mode: {mode} {text}", 2, 3, *size), **agreement(method))


@pytest.mark.parametrize("method", ["MAX", "AVE"])
@pytest.mark.parametrize("size, kernel, stride", [(5, 1, 3), (5, 1, 5), (7, 2, 6), (4, 1, 3)])
def test_windows_that_begin_behind_the_image(method, size, kernel, stride):
    hold(pooling(f"pool: {method} kernel_size: {kernel} stride: {stride}", 2, 3, size, 6), **agreement(method))


@pytest.mark.parametrize("method", ["MAX", "AVE"])
def test_the_whole_image_as_one_window(method):
    hold(pooling(f"pool: {method} global_pooling: true", 2, 3, 4, 5))


@examples(20)
@given(method=st.sampled_from(["MAX", "AVE"]), images=windows(2, dilated=True), ceil=st.sampled_from(["true", "false"]))
def test_dilated_windows(method, images, ceil):
    size, text = images
    hold(pooling(f"pool: {method} ceil_mode: {ceil} {text}", 2, 3, *size), **agreement(method))


@examples(20)
@given(method=st.sampled_from(["MAX", "AVE"]), volumes=windows(3, dilated=True))
def test_volumes(method, volumes):
    size, text = volumes
    assume(np.prod(size) < 200)
    hold(pooling(f"pool: {method} {text}", 2, 3, *size), **agreement(method))


@examples(20)
@given(images=windows(2), mode=st.sampled_from(["CEIL", "FLOOR"]))
def test_mask_of_maxima(images, mode):
    size, text = images
    hold(pooling(f"round_mode: {mode} {text}", 2, 3, *size, tops=2), **EXACT)


@pytest.mark.parametrize("text", ["global_pooling: true", "kernel_size: 1 stride: 3", "kernel_size: 2 dilation: 2",
                                  "kernel_size: 2 dilation: 3 pad: 3"])
def test_mask_of_other_windows(text):
    hold(pooling(text, 2, 3, 5, 6, tops=2), **EXACT)


@pytest.mark.parametrize("pad", [0, 1, 2])
def test_first_of_equal_values_is_the_maximum(pad):
    image = np.round(values(2, 3, 5, 6))
    hold(Case(f'type: "Pooling" pooling_param {{ kernel_size: 3 stride: 2 pad: {pad} }}', [image], tops=2))


def test_mask_of_volumes():
    hold(pooling("kernel_size: 2 stride: 2", 2, 3, 4, 5, 4, tops=2), **EXACT)


@pytest.mark.parametrize("low", [0, 0.1])
@pytest.mark.parametrize("text", ["kernel_size: 2 stride: 2", "kernel_size: 3", "kernel_size: 1 stride: 3",
                                  "kernel_size: 2 dilation: 2", "global_pooling: true"])
def test_stochastic_pooling(text, low):
    hold(pooling(f"pool: STOCHASTIC {text}", 2, 3, 5, 7, low=low))


def test_stochastic_pooling_of_nothing_above_zero():
    hold(Case('type: "Pooling" pooling_param { pool: STOCHASTIC kernel_size: 2 }', [np.zeros((2, 1, 3, 3))]))


@examples(12)
@given(height=st.integers(4, 16), width=st.integers(4, 16), levels=st.integers(1, 3),
       pool=st.sampled_from(["MAX", "AVE", "STOCHASTIC"]))
def test_pyramids(height, width, levels, pool):
    def fits(length, bins):
        window = -(-length // bins)
        pad = (window * bins - length + 1) // 2
        return pad < window and not (pad and pool == "STOCHASTIC")

    assume(all(fits(length, 2 ** level) for level in range(levels) for length in (height, width)))
    hold(Case(f'type: "SPP" spp_param {{ pyramid_height: {levels} pool: {pool} }}',
              [values(2, 3, height, width, low=0.1)]))
