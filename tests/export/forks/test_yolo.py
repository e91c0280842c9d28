"""YoloDetectionOutput and Yolov3DetectionOutput on their way out."""

from __future__ import annotations

import numpy as np
import pytest
from both_judges import hold_both
from conformance import Case, examples, values
from hypothesis import given
from hypothesis import strategies as st

NONE = {"gradients": False, "reason": "boxes that are found have no gradient"}
CLASSES = 3
BIASES = [1.0, 0.75, 2.5, 1.5, 1.25, 3.5]
PIXELS = [10.0, 13.0, 30.0, 16.0, 23.0, 33.0, 61.0, 30.0]


def maps(batch: int, channels: int, height: int, width: int, seed: int = 0) -> np.ndarray:
    return values(batch, channels, height, width, low=-2.5, high=2.5, seed=seed)


def hold_boxes(kind: str, message: str, options: dict, bottoms) -> None:
    fields = [f"{name}: {str(value).lower()}" for name, given in options.items()
              for value in (given if isinstance(given, list) else [given])]
    hold_both(Case(f'type: "{kind}" {message} {{ {" ".join(fields)} }}', bottoms), torch=NONE)


@examples(15)
@given(batch=st.integers(1, 2), sides=st.lists(st.integers(1, 3), min_size=1, max_size=2), seed=st.integers(0, 999),
       confidence=st.sampled_from([0.01, 0.4, 0.9999]), nms=st.sampled_from([0.0, 0.1, 0.45, 2.0]))
def test_yolo_detection_output(batch, sides, seed, confidence, nms):
    options = {"num_classes": CLASSES, "num_box": 3, "biases": BIASES, "confidence_threshold": confidence,
               "nms_threshold": nms}
    bottoms = [maps(batch, 24, side, side, seed + i) for i, side in enumerate(sides)]
    hold_boxes("YoloDetectionOutput", "yolo_detection_output_param", options, bottoms)


@examples(20)
@given(batch=st.integers(1, 2), sizes=st.lists(st.tuples(st.integers(1, 2), st.integers(1, 3)), min_size=1, max_size=3),
       seed=st.integers(0, 999), confidence=st.sampled_from([0.01, 0.3, 0.9999]),
       nms=st.sampled_from([0.0, 0.1, 0.45, 2.0]), gaussian=st.booleans())
def test_yolov3_detection_output(batch, sizes, seed, confidence, nms, gaussian):
    options = {"num_classes": CLASSES, "num_box": 2, "biases": PIXELS, "confidence_threshold": confidence,
               "nms_threshold": nms, "mask": [2, 3, 0, 1, 1, 2][:2 * len(sizes)], "gaussian_box": gaussian,
               "anchors_scale": [32, 16, 8][:len(sizes)], "mask_group_num": len(sizes)}
    channels = 2 * ((9 if gaussian else 5) + CLASSES)
    bottoms = [maps(batch, channels, *size, seed + i) for i, size in enumerate(sizes)]
    hold_boxes("Yolov3DetectionOutput", "yolov3_detection_output_param", options, bottoms)


@pytest.mark.parametrize("anchors", [1, 2])
def test_one_class(anchors):
    options = {"num_classes": 1, "num_box": anchors, "biases": PIXELS, "confidence_threshold": 0.3,
               "mask": [0, 1][:anchors], "anchors_scale": 16, "mask_group_num": 1}
    hold_boxes("Yolov3DetectionOutput", "yolov3_detection_output_param", options, [maps(2, 6 * anchors, 3, 3)])


def test_a_confidence_of_just_the_threshold_counts_for_yolov2_alone():
    bottom = np.zeros((1, 6, 1, 1), np.float32)     # of one class: a confidence of 0.5
    options = {"num_classes": 1, "num_box": 1, "biases": [1, 1], "confidence_threshold": 0.5}
    hold_boxes("YoloDetectionOutput", "yolo_detection_output_param", options, [bottom])
    bottom[:, 5] = 30
    hold_boxes("Yolov3DetectionOutput", "yolov3_detection_output_param",
               {**options, "mask": 0, "mask_group_num": 1, "anchors_scale": 8}, [bottom])
