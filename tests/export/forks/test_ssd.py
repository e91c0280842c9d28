"""PriorBox and DetectionOutput on their way out."""

from __future__ import annotations

import numpy as np
import pytest
import ssd_made
import torch
from both_judges import hold_both
from conformance import Case, examples, values
from hypothesis import given
from hypothesis import strategies as st
from torch_judge import engine_run

NONE = {"gradients": False, "reason": "boxes that are found have no gradient"}


@pytest.mark.parametrize("options", [
    "min_size: 9.75", "min_size: 4 min_size: 9 max_size: 8 max_size: 30 aspect_ratio: 2 flip: true clip: true",
    "min_size: 4 variance: 0.1 variance: 0.1 variance: 0.2 variance: 0.5 img_size: 60 step: 7.5 offset: 0.25",
    "min_size: 5 aspect_ratio: 3 aspect_ratio: 0.7 img_h: 30 img_w: 60 step_h: 7 step_w: 9"])
def test_prior_box(options):
    hold_both(Case(f'type: "PriorBox" prior_box_param {{ {options} }}', [values(2, 3, 2, 4), values(2, 3, 40, 48)]))


def test_prior_boxes_of_maps_and_images_of_any_size():
    text = 'type: "PriorBox" prior_box_param { min_size: 4 max_size: 9 aspect_ratio: 2 flip: true }'
    module = hold_both(Case(text, [values(1, 3, 2, 4), values(1, 3, 40, 48)]))
    _, results = engine_run(Case(text, [values(1, 3, 5, 3), values(1, 3, 30, 70)]), False)
    found = module(torch.zeros(1, 3, 5, 3), torch.zeros(1, 3, 30, 70))
    torch.testing.assert_close(found, torch.from_numpy(results["top0.data"]), rtol=0, atol=1e-6)
    assert not module.state_dict()


def test_torch_exports_prior_boxes_of_any_size():
    module = hold_both(Case('type: "PriorBox" prior_box_param { min_size: 4 aspect_ratio: 2 }',
                       [values(2, 3, 4, 5), values(2, 3, 40, 48)]))
    sizes = tuple({axis: torch.export.Dim(f"{name}{axis}") for axis in (2, 3)} for name in ("maps", "images"))
    program = torch.export.export(module, (torch.zeros(2, 3, 4, 5), torch.zeros(2, 3, 40, 48)), dynamic_shapes=sizes)
    others = torch.zeros(2, 3, 6, 3), torch.zeros(2, 3, 50, 37)
    torch.testing.assert_close(program.module()(*others), module(*others))


def test_prior_boxes_of_bottoms_without_pixels():
    hold_both(Case('type: "PriorBox" prior_box_param { min_size: 9 }', [values(2, 3), values(2, 3, 40)]))


@st.composite
def chosen(draw):
    """Options, each given or not, but for the one by which OpenCV 5 is asked."""
    further = {"share_location": st.booleans(), "background_label_id": st.sampled_from([0, 1, -1]),
               "nms_threshold": st.sampled_from([0.0, 0.45, 0.9]), "top_k": st.sampled_from([3, 20]),
               "variance_encoded_in_target": st.booleans(), "keep_top_k": st.sampled_from([0, 4, 100]),
               "confidence_threshold": st.sampled_from([0.2, 0.5, 2.0])}
    code = draw(st.sampled_from(["CENTER_SIZE", "CENTER_SIZE", "CORNER", "CORNER_SIZE"]))
    chosen_ones = {name: draw(value) for name, value in further.items() if draw(st.booleans())}
    return {"num_classes": 3, "code_type": code, **chosen_ones}


def detection_output(options, images, priors, seed):
    bottoms = ssd_made.bottoms(images, priors, 3, seed, share=options.get("share_location", True))[:3]
    return Case(f'type: "DetectionOutput" detection_output_param {{ {ssd_made.text(options)} }}', bottoms)


@examples(20)
@given(options=chosen(), images=st.integers(1, 3), priors=st.integers(1, 12), seed=st.integers(0, 1000))
def test_detection_output(options, images, priors, seed):
    hold_both(detection_output(options, images, priors, seed), torch=NONE)


@examples(15)
@given(options=chosen(), eta=st.sampled_from([0.9, 0.5]), images=st.integers(1, 3), priors=st.integers(1, 12),
       seed=st.integers(0, 1000))
def test_a_threshold_that_shrinks(options, eta, images, priors, seed):
    hold_both(detection_output({**options, "eta": eta}, images, priors, seed), torch=NONE)


def test_a_threshold_that_shrinks_keeps_fewer():
    options = {"num_classes": 3, "nms_threshold": 0.7, "code_type": "CENTER_SIZE", "confidence_threshold": 0.1}
    case = detection_output({**options, "eta": 0.8}, 2, 40, 5)
    module = hold_both(case, torch=NONE)
    plain = hold_both(detection_output(options, 2, 40, 5), torch=NONE)
    bottoms = [torch.from_numpy(array) for array in case.bottoms]
    assert module(*bottoms).shape[2] < plain(*bottoms).shape[2]


@pytest.mark.parametrize("options", [
    {"num_classes": 1, "background_label_id": 0}, {"top_k": 0}, {"confidence_threshold": 0.2, "top_k": 4},
    {"share_location": False, "background_label_id": 2, "keep_top_k": 7}])
@pytest.mark.parametrize("code", ["CENTER_SIZE", "CORNER"])
def test_detection_output_of_few(options, code):
    options = {"num_classes": 3, "code_type": code, **options}
    bottoms = ssd_made.bottoms(2, 9, options["num_classes"], 3, truths=0, share=options.get("share_location", True))[:3]
    hold_both(Case(f'type: "DetectionOutput" detection_output_param {{ {ssd_made.text(options)} }}', bottoms),
              torch=NONE)


def test_a_box_inside_out_suppresses_none():
    priors = np.array([[[0.2, 0.2, 0.6, 0.6] * 2, [0.1] * 8]])
    codes = np.array([[0.4, 0.4, -0.4, -0.4, 0, 0, 0, 0]])
    options = "num_classes: 1 background_label_id: -1 code_type: CORNER variance_encoded_in_target: true"
    bottoms = [np.float32(array) for array in (codes, [[0.9, 0.8]], priors)]
    case = Case(f'type: "DetectionOutput" detection_output_param {{ {options} confidence_threshold: 0.1 '
                'nms_param { nms_threshold: 0.4 } }', bottoms)

    module = hold_both(case, torch=NONE)
    assert module(*map(torch.from_numpy, bottoms)).shape == (1, 1, 2, 7)


def test_images_to_draw_into_are_not_read():
    bottoms = [*ssd_made.bottoms(2, 9, 3, 3)[:3], values(2, 3, 8, 8)]
    text = 'type: "DetectionOutput" detection_output_param { num_classes: 3 confidence_threshold: 0.2 }'
    hold_both(Case(text, bottoms), torch=NONE)
