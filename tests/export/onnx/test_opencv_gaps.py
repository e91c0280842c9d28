"""What opencv_gaps.py says of OpenCV 5 is so: a gap that is closed there is to leave the list."""

from __future__ import annotations

import numpy as np
import onnx_judge
import opencv_gaps
import pytest
import ssd_made
from conformance import Case, distinct, values, whole_numbers

CONVOLUTION = "convolution_param { num_output: 2 kernel_size: 1 %s }"
YOLO = "num_classes: 1 num_box: 1 biases: 8 biases: 8 nms_threshold: 0.4"
VOLUMES = (1, 2, 2, 2, 2, 2)
EXAMPLES = {
    ("Convolution", "more than three spatial axes"): Case(f'type: "Convolution" {CONVOLUTION % ""}',
                                                          [values(*VOLUMES)]),
    ("Deconvolution", "more than three spatial axes"): Case(f'type: "Deconvolution" {CONVOLUTION % ""}',
                                                            [values(*VOLUMES)]),
    ("DepthwiseConvolution", "more than three spatial axes"): Case(
        f'type: "DepthwiseConvolution" {CONVOLUTION % "group: 2"}', [values(*VOLUMES)]),
    ("ConnectedComponent", "all"): Case('type: "ConnectedComponent"', [whole_numbers(1, 1, 3, 4, below=2)]),
    ("DetectionOutput", "`eta` below 1"): Case(
        'type: "DetectionOutput" detection_output_param { num_classes: 2 confidence_threshold: 0.1 '
        'nms_param { nms_threshold: 0.6 eta: 0.9 } }', ssd_made.bottoms(1, 6, 2, 0)[:3]),
    ("DetectionOutput", "`code_type` CORNER or CORNER_SIZE, for which boxes may be inside out"): Case(
        'type: "DetectionOutput" detection_output_param { num_classes: 3 confidence_threshold: 0.2 '
        'variance_encoded_in_target: true }', ssd_made.bottoms(2, 2, 3, 1)[:3]),
    ("DetectionOutput", "no `confidence_threshold`, or one below 0"): Case(
        'type: "DetectionOutput" detection_output_param { num_classes: 2 }', ssd_made.bottoms(1, 6, 2, 0)[:3]),
    ("Im2col", "`pad`, with more than five axes"): Case(
        'type: "Im2col" convolution_param { kernel_size: 1 pad: 1 }', [values(*VOLUMES)]),
    ("Pooling", "a second top, of volumes"): Case(
        'type: "Pooling" pooling_param { kernel_size: 2 }', [distinct(1, 2, 3, 3, 3)], tops=2),
    ("Pooling", "a second top, with windows that see nothing of the image"): Case(
        'type: "Pooling" pooling_param { kernel_size: 1 stride: 3 }', [distinct(2, 3, 5, 6)], tops=2),
    ("MultiStageMeanfield", "all"): Case(
        'type: "MultiStageMeanfield" multi_stage_meanfield_param { num_iterations: 1 }',
        [values(1, 2, 3, 3), values(1, 2, 3, 3, seed=1), values(1, 3, 3, 3, high=100)], params="filled"),
    ("Proposal", "all"): Case(
        'type: "Proposal" proposal_param { ratio: 1 scale: 1 }',
        [values(1, 2, 2, 2, low=0), values(1, 4, 2, 2), np.array([[32, 32, 1]])]),
    ("ROIPooling", "all"): Case('type: "ROIPooling" roi_pooling_param { pooled_h: 2 pooled_w: 2 }',
                                [distinct(1, 2, 4, 4), np.array([[0, 0, 0, 3, 3]])]),
    ("Upsample", "a `scale` of 41, 47, 55, 61 and others beyond"): Case(
        'type: "Upsample" upsample_param { scale: 41 }', [values(1, 1, 4, 5)]),
    ("YoloDetectionOutput", "`confidence_threshold` below 0"): Case(
        f'type: "YoloDetectionOutput" yolo_detection_output_param {{ {YOLO} confidence_threshold: -1 }}',
        [values(1, 6, 2, 2)]),
    ("Yolov3DetectionOutput", "`confidence_threshold` below 0"): Case(
        f'type: "Yolov3DetectionOutput" yolov3_detection_output_param {{ {YOLO} confidence_threshold: -1 mask: 0 '
        'mask_group_num: 1 anchors_scale: 8 }', [values(1, 6, 2, 2)]),
}
# What it reads beyond an image is what memory holds there, mostly nothing that shows.
BY_CHANCE = {("Interp", "one row"), ("Accum", "a bottom of one row"),
             ("Resample", "LINEAR, of one row, without antialias")}


def test_every_gap_has_an_example():
    assert {(name, gap.option) for name, gaps in opencv_gaps.GAPS.items() for gap in gaps} == (
        {*EXAMPLES} | BY_CHANCE)


@pytest.mark.parametrize("place", EXAMPLES, ids=": ".join)
def test_opencv_still_lacks_it(place, monkeypatch):
    monkeypatch.setitem(opencv_gaps.GAPS, place[0], [])
    with pytest.raises(pytest.fail.Exception, match=r"OpenCV 5 (differs|does not run)"):
        onnx_judge.hold(EXAMPLES[place])
