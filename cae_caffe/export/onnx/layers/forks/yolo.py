"""YoloDetectionOutput and Yolov3DetectionOutput, of MobileNet-YOLO."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...registry import exports
from ...writing import LayerWriter
from . import detections

CENTERS = 1     # NonMaxSuppression's word for boxes that are x, y, w and h


@exports("YoloDetectionOutput")
def yolo_detection_output(layer: LayerWriter) -> str:
    """The boxes decoded, the likeliest class by Softmax and ArgMax, and NonMaxSuppression, whatever the classes."""
    options, parts = layer.layer.options, []
    for x, shape in zip(layer.bottoms, layer.bottom_shapes):
        center, size, there, classes = _split(layer, x, shape, [2, 2, 1, options.num_classes])
        likely = layer.op("Softmax", classes, axis=2)
        confidence = layer.op("Mul", layer.reduce("ReduceMax", likely, [2]), layer.op("Sigmoid", there))
        label = detections.floats(layer, layer.op("ArgMax", likely, axis=2, keepdims=1))
        anchors = np.reshape(options.biases, (-1, 2))[:options.num_box] / np.float32(shape[3])
        boxes = _by_cell(layer, _decoded(layer, center, size, anchors, shape), 4)
        parts.append((boxes, _by_cell(layer, confidence), _by_cell(layer, label)))
    boxes, scores, labels = _joined(layer, parts)
    # A confidence of just the threshold counts here.
    found = _suppressed(layer, boxes, scores, np.nextafter(np.float32(options.confidence_threshold), -np.inf))
    number = detections.number(layer, found, [_count(layer, 1), 0, 1])
    label = layer.plus(detections.column(layer, detections.taken(layer, labels, number)), 1)
    return _top(layer, found, number, boxes, scores, label)


@exports("Yolov3DetectionOutput")
def yolov3_detection_output(layer: LayerWriter) -> str:
    """The boxes decoded, and repeated for each class (Tile), and NonMaxSuppression, whatever the classes."""
    options, classes, parts = layer.layer.options, layer.layer.options.num_classes, []
    for part, (x, shape) in enumerate(zip(layer.bottoms, layer.bottom_shapes)):
        center, size, there, of_classes = (_gaussian if options.gaussian_box else _plain)(layer, x, shape)
        own = list(options.mask[part * layer.layer.share:][:options.num_box])
        image = np.array([shape[3], shape[2]], np.float32) * options.anchors_scale[part]
        anchors = np.reshape(options.biases, (-1, 2))[own] / image
        boxes = _by_cell(layer, _decoded(layer, center, size, anchors, shape), 4)
        if classes > 1:
            boxes = layer.op("Tile", layer.op("Unsqueeze", boxes, layer.integers([2])),
                             layer.integers([1, 1, classes, 1]))
            boxes = layer.reshape(boxes, (0, -1, 4))
        parts.append((boxes, _by_cell(layer, layer.op("Mul", layer.op("Sigmoid", of_classes), there))))
    boxes, scores = _joined(layer, parts)
    found = _suppressed(layer, boxes, scores, np.float32(options.confidence_threshold))
    number = detections.number(layer, found, [_count(layer, classes), 0, 1])
    label = layer.op("Mod", layer.split(found, [1, 1, 1], 1)[2], layer.integers(classes))
    return _top(layer, found, number, boxes, scores, layer.plus(detections.floats(layer, label), 1))


def _count(layer: LayerWriter, classes: int) -> int:
    """How many candidates an image has."""
    return sum(layer.layer.options.num_box * height * width for _, _, height, width in layer.bottom_shapes) * classes


def _maps(layer: LayerWriter, x: str, shape: Sequence[int]) -> str:
    """The maps (N, anchors, values, H, W) of a bottom."""
    anchors = layer.layer.options.num_box
    return layer.reshape(x, (0, anchors, shape[1] // anchors, *shape[2:]))


def _split(layer: LayerWriter, x: str, shape: Sequence[int], lengths: list[int]) -> list[str]:
    return layer.split(_maps(layer, x, shape), lengths, 2)


def _plain(layer: LayerWriter, x: str, shape: Sequence[int]) -> tuple[str, str, str, str]:
    """Center, size, how surely there is a box, and the classes."""
    center, size, there, classes = _split(layer, x, shape, [2, 2, 1, layer.layer.options.num_classes])
    return center, size, layer.op("Sigmoid", there), classes


def _gaussian(layer: LayerWriter, x: str, shape: Sequence[int]) -> tuple[str, str, str, str]:
    """As `_plain`, where an uncertainty is behind each of x, y, w and h."""
    of_box, there, classes = _split(layer, x, shape, [8, 1, layer.layer.options.num_classes])
    center, size, unsure = (layer.op("Gather", of_box, layer.integers(places), axis=2)
                            for places in ([0, 2], [4, 6], [1, 3, 5, 7]))
    unsure = layer.reduce("ReduceMean", layer.op("Sigmoid", unsure), [2])
    sure = layer.op("Sub", layer.constant(1), unsure)
    return center, size, layer.op("Mul", layer.op("Sigmoid", there), sure), classes


def _decoded(layer: LayerWriter, center: str, size: str, anchors: np.ndarray, shape: Sequence[int]) -> str:
    """The boxes (N, anchors, 4, H, W), of the anchors' sizes (anchors, 2), as engine.layers.forks.yolo_boxes has it."""
    height, width = shape[2:]
    y, x = np.mgrid[:height, :width]
    cells = layer.constant(np.stack([x, y])[None, None])
    center = layer.op("Add", layer.op("Sigmoid", center), cells)
    center = layer.op("Div", center, layer.constant(np.reshape([width, height], (1, 1, 2, 1, 1))))
    size = layer.op("Mul", layer.op("Exp", size), layer.constant(anchors[None, :, :, None, None]))
    return layer.op("Concat", center, size, axis=2)


def _by_cell(layer: LayerWriter, maps: str, width: int = 0) -> str:
    """Maps (N, anchors, values, H, W) as (N, M), or rows (N, M, width), by row, column, anchor and value."""
    return layer.reshape(layer.transpose(maps, (0, 3, 4, 1, 2)), (0, -1, width) if width else (0, -1))


def _joined(layer: LayerWriter, parts: Sequence[Sequence[str]]) -> list[str]:
    """Boxes, scores and so on of all bottoms."""
    return [layer.op("Concat", *tensors, axis=1) if len(tensors) > 1 else tensors[0] for tensors in zip(*parts)]


def _suppressed(layer: LayerWriter, boxes: str, scores: str, least_score: np.float32) -> str:
    """What is found: (R, 3) of image, 0 and number of the candidate."""
    threshold = np.float32(layer.layer.nms_threshold)
    # An overlap of just the threshold is too much here; and any, so also none, from a threshold of 0 down.
    limit, most = (np.nextafter(threshold, np.float32(-1)), _count(layer, layer.layer.options.num_classes)) \
        if threshold > 0 else (0, 1)
    return detections.suppress(layer, boxes, layer.op("Unsqueeze", scores, layer.integers([1])), most, float(limit),
                               float(least_score), center_point_box=CENTERS)


def _top(layer: LayerWriter, found: str, number: str, boxes: str, scores: str, label: str) -> str:
    image = detections.floats(layer, layer.split(found, [1, 1, 1], 1)[0])
    center, size = layer.split(detections.taken(layer, boxes, number, 4), [2, 2], 1)
    half = layer.times(size, 0.5)
    score = detections.column(layer, detections.taken(layer, scores, number))
    rows = layer.op("Concat", image, label, score, layer.op("Sub", center, half), layer.op("Add", center, half), axis=1)
    return detections.top(layer, rows, layer.bottoms[0])
