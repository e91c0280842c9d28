"""SSD's PriorBox."""

from __future__ import annotations

import numpy as np
import opencv_judge
import pytest
from conformance import Case, examples, run_embedded, values
from fork_judge import hold
from fork_references.prior_box import prior_box
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe.errors import InputError


def text(options) -> str:
    fields = [f"{name}: {str(item).lower()}" for name, value in options.items()
              for item in (value if isinstance(value, list) else [value])]
    return f'type: "PriorBox" prior_box_param {{ {" ".join(fields)} }}'


@st.composite
def chosen(draw):
    """Options, each given or not; sizes also with something behind the point."""
    options = {"min_size": draw(st.lists(st.sampled_from([4, 9.75, 30.5]), min_size=1, max_size=2))}
    if draw(st.booleans()):
        options["max_size"] = [size * 2.25 for size in options["min_size"]]
    options["aspect_ratio"] = draw(st.lists(st.sampled_from([1.0, 2.0, 0.5, 3.0]), max_size=3))
    further = {"flip": st.booleans(), "clip": st.booleans(),
               "variance": st.sampled_from([[0.25], [0.1, 0.1, 0.2, 0.5]]),
               "img_size": st.just(60), "step": st.sampled_from([8.0, 7.5]), "offset": st.sampled_from([0.0, 0.25])}
    options.update({name: draw(value) for name, value in further.items() if draw(st.booleans())})
    if draw(st.booleans()) and "img_size" not in options:
        options.update(img_h=50, img_w=70)
    if draw(st.booleans()) and "step" not in options:
        options.update(step_h=6.5, step_w=9.0)
    return options


@examples(40)
@given(options=chosen(), height=st.integers(1, 3), width=st.integers(1, 4))
def test_all_options(options, height, width):
    bottoms = [values(2, 3, height, width), values(2, 3, 40, 48)]

    hold(Case(text(options), bottoms, backward=False, then=[[values(1, 3, width, height), bottoms[1]]]),
         lambda bottoms, params: [prior_box(*bottoms, **options)])


def test_the_feature_map_gets_a_gradient_of_zeros():
    found, = run_embedded(Case(
        'layer { name: "p" type: "Power" bottom: "a" top: "b" } '
        'layer { name: "q" type: "PriorBox" bottom: "b" bottom: "image" top: "c" prior_box_param { min_size: 4 } }',
        {"a": values(1, 2, 2, 2), "image": values(1, 3, 8, 8)}))

    assert not found["a.diff"].any()


def test_a_box_over_an_edge_is_cut_to_the_image():
    found, = run_embedded(Case(text({"min_size": 8, "clip": True}), [values(1, 1, 2, 2), values(1, 1, 8, 8)],
                               backward=False))

    assert found["top0.data"][0, 0, :8].tolist() == [0, 0, 0.75, 0.75, 0.25, 0, 1, 0.75]


@pytest.mark.parametrize(("options", "match"), [
    ({}, "min_size`s are missing"), ({"min_size": 0}, "min_size`s are 0"),
    ({"min_size": 4, "max_size": 4}, "each `max_size` above"), ({"min_size": [4, 5], "max_size": 9}, "as many"),
    ({"min_size": 4, "variance": [0.1, 0.2]}, "one or four"), ({"min_size": 4, "variance": 0.0}, "above 0"),
    ({"min_size": 4, "img_size": 3, "img_h": 3}, "`img_size` and `img_h`"), ({"min_size": 4, "img_h": 3}, "both above"),
    ({"min_size": 4, "step": 3, "step_w": 3}, "`step` and `step_h`"), ({"min_size": 4, "step": -1}, "it above 0"),
    ({"min_size": 4, "aspect_ratio": 0.0}, "aspect_ratio` of 0")])
def test_refusals(options, match):
    with pytest.raises(InputError, match=match):
        run_embedded(Case(text(options), [values(1, 1, 2, 2), values(1, 1, 8, 8)]))


def test_an_image_without_pixels_is_refused():
    with pytest.raises(InputError, match="without pixels"):
        run_embedded(Case(text({"min_size": 4}), [values(1, 1, 2, 2), np.zeros((1, 1, 0, 8), np.float32)]))


def for_opencv(options, height=3, width=4):
    return Case(text(options), [values(1, 2, height, width), values(1, 3, 40, 48)], backward=False)


# Sizes are whole: OpenCV does not cut them.
OPENCV = {
    "all of SSD300": for_opencv({"min_size": 30, "max_size": 60, "aspect_ratio": [2, 3], "flip": True, "clip": False,
                                 "variance": [0.1, 0.1, 0.2, 0.2], "step": 16, "offset": 0.5}),
    "clipped": for_opencv({"min_size": 20, "aspect_ratio": 2, "flip": False, "clip": True, "variance": 0.1}),
    "of MobileNet": for_opencv({"min_size": 12, "max_size": 18, "aspect_ratio": 2, "flip": True, "clip": False,
                                "variance": [0.1, 0.1, 0.2, 0.2], "offset": 0.5})}


@pytest.mark.parametrize("name", OPENCV)
def test_opencv_makes_the_same_boxes(name):
    opencv_judge.hold("prior_box", name, OPENCV[name])
