"""SSD's DetectionOutput."""

from __future__ import annotations

import numpy as np
import opencv_judge
import pytest
from conformance import Case, examples, run_embedded, values
from fork_judge import hold
from fork_references.detection_output import detection_output
from hypothesis import given
from hypothesis import strategies as st
from ssd_made import bottoms, text

from cae_caffe.errors import InputError


@st.composite
def chosen(draw):
    """Options, each given or not."""
    further = {"share_location": st.booleans(), "background_label_id": st.sampled_from([0, 1, -1]),
               "nms_threshold": st.sampled_from([0.0, 0.45, 0.9]), "top_k": st.sampled_from([3, 20]),
               "eta": st.sampled_from([0.9, 1.0]), "code_type": st.sampled_from(["CORNER", "CENTER_SIZE",
                                                                                 "CORNER_SIZE"]),
               "variance_encoded_in_target": st.booleans(), "keep_top_k": st.sampled_from([0, 4, 100]),
               "confidence_threshold": st.sampled_from([0.2, 0.5, 2.0])}
    return {"num_classes": 3, **{name: draw(value) for name, value in further.items() if draw(st.booleans())}}


@examples(60)
@given(options=chosen(), images=st.integers(1, 3), priors=st.integers(1, 12), seed=st.integers(0, 1000))
def test_all_options(options, images, priors, seed):
    made = bottoms(images, priors, 3, seed, share=options.get("share_location", True))[:3]
    more = bottoms(2, priors, 3, seed + 1, share=options.get("share_location", True))[:3]

    hold(Case(f'type: "DetectionOutput" detection_output_param {{ {text(options)} }}', made, backward=False,
              then=[more]), lambda given, params: [detection_output(*given, **options)])


def test_the_next_layer_sees_as_many_boxes_as_there_are():
    loc, conf, priors, _ = bottoms(2, 9, 3, 0)
    found, = run_embedded(Case(
        'layer { name: "d" type: "DetectionOutput" bottom: "loc" bottom: "conf" bottom: "priors" top: "d" '
        'detection_output_param { num_classes: 3 } } layer { name: "s" type: "Power" bottom: "d" top: "s" } '
        'layer { name: "t" type: "Power" bottom: "d" top: "t" }',
        {"loc": loc, "conf": conf, "priors": priors}, backward=False))

    assert found["s.data"].shape == found["t.data"].shape and found["s.data"].shape[2] > 1


@pytest.mark.parametrize(("options", "match"), [
    ("", "num_classes` is missing"), ("num_classes: 3 nms_param { eta: 0 }", "eta` of 0"),
    ("num_classes: 3 nms_param { nms_threshold: -1 }", "nms_threshold` of -1"),
    ("num_classes: 3 visualize: true", "window"), ("num_classes: 2", "scores.*8 values"),
    ("num_classes: 3 share_location: false", "locations.*48 values")])
def test_refusals(options, match):
    with pytest.raises(InputError, match=match):
        run_embedded(Case(f'type: "DetectionOutput" detection_output_param {{ {options} }}', bottoms(1, 4, 3, 0)[:3]))


@pytest.mark.parametrize(("shape", "match"), [((1, 1, 16), "PriorBox's"), ((1, 2, 15), "PriorBox's")])
def test_priors_of_another_shape_are_refused(shape, match):
    loc, conf, _, _ = bottoms(1, 4, 3, 0)
    with pytest.raises(InputError, match=match):
        run_embedded(Case('type: "DetectionOutput" detection_output_param { num_classes: 3 }',
                          [loc, conf, values(*shape)]))


def test_it_has_no_gradient():
    layers = ('layer { name: "i" type: "Scale" bottom: "loc" top: "x" } layer { name: "d" type: "DetectionOutput" '
              'bottom: "x" bottom: "conf" bottom: "priors" top: "d" detection_output_param { num_classes: 3 } } '
              'layer { name: "r" type: "Reduction" bottom: "d" top: "r" loss_weight: 1 }')

    with pytest.raises(InputError, match="no gradient"):
        run_embedded(Case(layers, dict(zip(("loc", "conf", "priors"), bottoms(1, 4, 3, 0)))))


def test_nothing_found_is_a_row_for_each_image():
    found, = run_embedded(Case('type: "DetectionOutput" detection_output_param { num_classes: 3 '
                               'confidence_threshold: 2 }', bottoms(2, 4, 3, 0)[:3], backward=False))

    np.testing.assert_array_equal(found["top0.data"], [[[[0] + [-1] * 6, [1] + [-1] * 6]]])


def for_opencv(priors=12, share=True, **options):
    """A case of one image; OpenCV wants a keep_top_k, and a background."""
    options = {"num_classes": 3, "share_location": share, "background_label_id": 0, "nms_threshold": 0.45,
               "keep_top_k": 50, "confidence_threshold": 0.1, **options}
    return Case(f'type: "DetectionOutput" detection_output_param {{ {text(options)} }}',
                bottoms(1, priors, 3, 4, share=share)[:3], backward=False)


OPENCV = {
    "as SSD300": for_opencv(code_type="CENTER_SIZE", top_k=400),
    "few": for_opencv(keep_top_k=3, top_k=5, code_type="CENTER_SIZE"),
    "corners": for_opencv(code_type="CORNER"),
    "locations for each class": for_opencv(share=False, code_type="CENTER_SIZE")}


def by_score(top):
    """The rows of detections, best first: OpenCV orders them so, and fills up with rows of 0."""
    rows = top.reshape(-1, 7)
    rows = rows[rows[:, 2] > 0]
    return rows[np.argsort(-rows[:, 2])]


@pytest.mark.parametrize("name", OPENCV)
def test_opencv_finds_the_same_boxes(name):
    kept, = opencv_judge.read("detection_output", name, OPENCV[name])
    found, = run_embedded(OPENCV[name])

    np.testing.assert_allclose(by_score(found["top0.data"]), by_score(kept), atol=1e-5)
    if opencv_judge.is_here():
        np.testing.assert_allclose(opencv_judge.run_opencv(OPENCV[name])[0], kept, atol=1e-5)
