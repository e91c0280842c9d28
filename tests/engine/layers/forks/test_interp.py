"""DeepLab's Interp, against the fork's formula and OpenCV."""

from __future__ import annotations

import numpy as np
import opencv_judge
import pytest
from conformance import Case, examples, run_embedded, values
from fork_judge import hold
from fork_references.interp import interp
from hypothesis import assume, given
from hypothesis import strategies as st

from cae_caffe.errors import InputError

FLOAT32 = {"tolerance": 2e-5, "reason": "places between pixels are float32 here as in the fork, float64 in the formula"}


def case(options: str, *shape: int, **further) -> Case:
    return Case(f'type: "Interp" interp_param {{ {options} }}', [values(*shape)], **further)


@examples(40)
@given(shape=st.tuples(*[st.integers(1, 3)] * 2, *[st.integers(1, 7)] * 2), height=st.integers(1, 9),
       width=st.integers(1, 9), begin=st.integers(0, 2), end=st.integers(0, 2))
def test_size(shape, height, width, begin, end):
    assume(min(shape[2:]) > begin + end)

    hold(case(f"height: {height} width: {width} pad_beg: {-begin} pad_end: {-end}", *shape),
         lambda bottoms, params: [interp(bottoms[0], height=height, width=width, pad_beg=-begin, pad_end=-end)],
         **FLOAT32)


@pytest.mark.parametrize(("options", "height", "width"), [
    ({"zoom_factor": 2}, 11, 9), ({"shrink_factor": 2}, 3, 3), ({"zoom_factor": 1}, 6, 5), ({"shrink_factor": 9}, 1, 1),
    ({"zoom_factor": 3, "shrink_factor": 2}, 7, 7), ({"height": 4, "width": 7, "zoom_factor": 2}, 11, 9),
    ({"height": 4, "width": 7, "shrink_factor": 2}, 3, 3), ({"height": 4, "zoom_factor": 2}, 11, 9),
    ({"height": 4, "width": 7, "shrink_factor": 2, "zoom_factor": 2}, 4, 7),
])
def test_factors(options, height, width):
    passes = hold(case(text_of(options), 2, 3, 6, 5),
                  lambda bottoms, params: [interp(bottoms[0], **options)], **FLOAT32)

    assert passes[0]["top0.data"].shape == (2, 3, height, width)


def text_of(options: dict[str, int]) -> str:
    return " ".join(f"{name}: {value}" for name, value in options.items())


def test_other_sizes_later():
    options = {"zoom_factor": 2, "pad_beg": -1}
    hold(case(text_of(options), 2, 3, 6, 5, then=[[values(1, 3, 3, 4)], [values(4, 2, 2, 2)]]),
         lambda bottoms, params: [interp(bottoms[0], **options)], **FLOAT32)


OPENCV = {"larger": case("height: 11 width: 8", 2, 3, 6, 5), "smaller": case("height: 3 width: 2", 2, 3, 6, 5),
          "zoomed": case("zoom_factor: 3", 2, 3, 6, 5), "one pixel": case("height: 1 width: 1", 2, 3, 6, 5)}


@pytest.mark.parametrize("name", OPENCV)
def test_opencv_computes_the_same(name):
    opencv_judge.hold("interp", name, OPENCV[name])


@pytest.mark.parametrize("options", ["", "pad_beg: -1", "zoom_factor: 3"])
def test_the_size_of_a_second_bottom(options):
    """Nothing goes back to it, also where it has a gradient of its own."""
    bottoms, begin = [values(2, 3, 6, 5), values(1, 1, 9, 4, seed=1)], -1 if "pad" in options else 0
    text = f'type: "Interp" interp_param {{ use_blob_size: true {options} }}'
    case = Case(text, bottoms, then=[[values(2, 3, 6, 5), values(1, 1, 2, 3)]])
    hold(case, lambda arrays, params: [interp(arrays[0], height=arrays[1].shape[2], width=arrays[1].shape[3],
                                              pad_beg=begin)], gradients=[0], **FLOAT32)

    found, = run_embedded(Case(f"""
        layer {{ name: "like" type: "Power" bottom: "bottom1" top: "like" }}
        layer {{ name: "layer" bottom: "bottom0" bottom: "like" top: "top0" {text} }}
        layer {{ name: "more" type: "Power" bottom: "like" top: "more" }}
        """, bottoms, top_diffs={"more": np.ones((1, 1, 9, 4), np.float32)}))
    assert (found["bottom1.diff"] == 1).all()


@pytest.mark.parametrize(("options", "shape", "match"), [
    ("", (1, 1, 2, 2), "tells no size"), ("height: 3", (1, 1, 2, 2), "tells no size"),
    ("height: 0 width: 3", (1, 1, 2, 2), "0 and 3"), ("height: -1 width: 3", (1, 1, 2, 2), "-1 and 3"),
    ("zoom_factor: 0", (1, 1, 2, 2), "`zoom_factor` is 0"),
    ("shrink_factor: -2", (1, 1, 2, 2), "`shrink_factor` is -2"),
    ("zoom_factor: 2 pad_beg: 1", (1, 1, 2, 2), "`pad_beg` is 1"),
    ("zoom_factor: 2 pad_end: 2", (1, 1, 2, 2), "`pad_end` is 2"),
    ("use_blob_size: true", (1, 1, 2, 2), "takes exactly 2"),
    ("zoom_factor: 2 pad_beg: -2", (1, 1, 2, 2), "leave nothing"), ("zoom_factor: 2", (1, 2, 2), "four axes"),
])
def test_what_gives_no_size_is_refused(options, shape, match):
    with pytest.raises(InputError, match=match):
        run_embedded(case(options, *shape))
