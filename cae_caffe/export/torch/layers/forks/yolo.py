"""YoloDetectionOutput and Yolov3DetectionOutput, of MobileNet-YOLO."""

from __future__ import annotations

from typing import Any

from ...modules.yolo import CaffeGaussianYolov3Boxes, CaffeYolov2Boxes, CaffeYolov3Boxes
from ...registry import exports
from ...writing import LayerWriter


@exports("YoloDetectionOutput")
def yolo_detection_output(layer: LayerWriter) -> str:
    """A module of its own."""
    options = layer.layer.options
    return layer.apply(CaffeYolov2Boxes, options.num_classes, anchors=_pairs(options.biases)[:options.num_box],
                       **_thresholds(options))


@exports("Yolov3DetectionOutput")
def yolov3_detection_output(layer: LayerWriter) -> str:
    """A module of its own."""
    options, number = layer.layer.options, len(layer.bottoms)
    pairs, share = _pairs(options.biases), layer.layer.share
    anchors = tuple(tuple(pairs[anchor] for anchor in options.mask[place * share:][:options.num_box])
                    for place in range(number))
    kind = CaffeGaussianYolov3Boxes if options.gaussian_box else CaffeYolov3Boxes
    return layer.apply(kind, options.num_classes, anchors=anchors, strides=tuple(options.anchors_scale[:number]),
                       **_thresholds(options))


def _thresholds(options) -> dict[str, Any]:
    return {"confidence_threshold": options.confidence_threshold, "nms_threshold": options.nms_threshold}


def _pairs(biases) -> tuple[tuple[float, float], ...]:
    """Widths and heights."""
    return tuple(zip(biases[::2], biases[1::2]))
