"""DeepLab's Interp, against the formula of its corners and OpenCV."""

from __future__ import annotations

import numpy as np
import opencv_nets
import pytest
from conformance import Case, examples, run_embedded, values
from fork_judge import hold
from hypothesis import assume, given
from hypothesis import strategies as st

from cae_caffe.errors import InputError

FLOAT32 = {"tolerance": 2e-5, "reason": "places between pixels are float32 here as in the fork, float64 in the formula"}


def case(options: str, *shape: int, **further) -> Case:
    return Case(f'type: "Interp" interp_param {{ {options} }}', [values(*shape)], **further)


def weights(size: int, length: int) -> np.ndarray:
    """By output place and input place, what the one takes of the other."""
    matrix = np.zeros((size, length))
    for place in range(size):
        at = place * (length - 1) / (size - 1) if size > 1 else 0.0
        low = int(at + 1e-9)
        matrix[place, low] += 1 - (at - low)
        matrix[place, min(low + 1, length - 1)] += at - low
    return matrix


def resized(bottom: np.ndarray, height: int, width: int, begin: int = 0, end: int = 0) -> np.ndarray:
    kept = bottom[:, :, begin:bottom.shape[2] - end, begin:bottom.shape[3] - end]
    return np.einsum("yh,nchw,xw->ncyx", weights(height, kept.shape[2]), kept, weights(width, kept.shape[3]))


@examples(40)
@given(shape=st.tuples(*[st.integers(1, 3)] * 2, *[st.integers(1, 7)] * 2), height=st.integers(1, 9),
       width=st.integers(1, 9), begin=st.integers(0, 2), end=st.integers(0, 2))
def test_size(shape, height, width, begin, end):
    assume(min(shape[2:]) > begin + end)

    hold(case(f"height: {height} width: {width} pad_beg: {-begin} pad_end: {-end}", *shape),
         lambda bottoms, params: [resized(bottoms[0], height, width, begin, end)], **FLOAT32)


@pytest.mark.parametrize(("options", "height", "width"), [
    ("zoom_factor: 2", 11, 9), ("shrink_factor: 2", 3, 3), ("zoom_factor: 1", 6, 5), ("shrink_factor: 9", 1, 1),
    ("zoom_factor: 3 shrink_factor: 2", 7, 7), ("height: 4 width: 7 zoom_factor: 2", 11, 9),
    ("height: 4 width: 7 shrink_factor: 2", 3, 3), ("height: 4 width: 7 shrink_factor: 2 zoom_factor: 2", 4, 7),
    ("height: 4 zoom_factor: 2", 11, 9),
])
def test_factors(options, height, width):
    hold(case(options, 2, 3, 6, 5), lambda bottoms, params: [resized(bottoms[0], height, width)], **FLOAT32)


def test_other_sizes_later():
    hold(case("zoom_factor: 2 pad_beg: -1", 2, 3, 6, 5, then=[[values(1, 3, 3, 4)], [values(4, 2, 2, 2)]]),
         lambda bottoms, params: [resized(bottoms[0], 2 * bottoms[0].shape[2] - 3, 2 * bottoms[0].shape[3] - 3, 1)],
         **FLOAT32)


@pytest.mark.parametrize("options", ["height: 11 width: 8", "height: 3 width: 2", "zoom_factor: 3",
                                     "height: 1 width: 1"])
def test_forward_is_opencvs(options):
    bottom = values(2, 3, 6, 5)
    theirs, = opencv_nets.forward('layer { name: "layer" type: "Interp" bottom: "bottom0" top: "top0" '
                                  f'interp_param {{ {options} }} }}', {"bottom0": bottom})

    found, = run_embedded(case(options, 2, 3, 6, 5, backward=False))

    np.testing.assert_allclose(found["top0.data"], theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("options", "shape", "match"), [
    ("", (1, 1, 2, 2), "tells no size"), ("height: 3", (1, 1, 2, 2), "tells no size"),
    ("height: 0 width: 3", (1, 1, 2, 2), "0 and 3"), ("height: -1 width: 3", (1, 1, 2, 2), "-1 and 3"),
    ("zoom_factor: 0", (1, 1, 2, 2), "`zoom_factor` is 0"),
    ("shrink_factor: -2", (1, 1, 2, 2), "`shrink_factor` is -2"),
    ("zoom_factor: 2 pad_beg: 1", (1, 1, 2, 2), "`pad_beg` is 1"),
    ("zoom_factor: 2 pad_end: 2", (1, 1, 2, 2), "`pad_end` is 2"),
    ("zoom_factor: 2 pad_beg: -2", (1, 1, 2, 2), "leave nothing"), ("zoom_factor: 2", (1, 2, 2), "four axes"),
])
def test_what_gives_no_size_is_refused(options, shape, match):
    with pytest.raises(InputError, match=match):
        run_embedded(case(options, *shape))
