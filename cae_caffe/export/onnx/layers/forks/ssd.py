"""PriorBox and DetectionOutput, of SSD."""

from __future__ import annotations

import numpy as np

from ...registry import exports
from ...writing import LayerWriter
from . import detections
from .suppression import intersection, suppress


@exports("PriorBox")
def prior_box(layer: LayerWriter) -> str:
    """A constant: the boxes depend on shapes alone."""
    return layer.constant(layer.layer.boxes.cpu().numpy(), name="boxes")


@exports("DetectionOutput")
def detection_output(layer: LayerWriter) -> str:
    """The boxes decoded, TopK before NonMaxSuppression of each class (with `eta` a Loop instead), and TopK after it.

    The files of `save_output_param` are not written. Boxes that are infinite or no numbers, as of nets that diverged,
    may suppress others than the engine's.
    """
    param, settings = layer.param.detection_output_param, layer.layer
    labels = [label for label in range(settings.classes) if label != param.background_label_id]
    count = layer.bottom_shapes[2][2] // 4
    if not labels or not count or 0 in (settings.top_k, param.keep_top_k):
        return detections.top(layer, None, layer.bottoms[0])
    scores = _scores(layer, labels, count)
    boxes = _boxes(layer, labels, count)
    if param.nms_param.eta < 1:
        found = _with_shrinking_threshold(layer, boxes, scores, len(labels), count)
    else:
        found = _suppressed(layer, boxes, _best(layer, scores, count), len(labels), count)
    if 0 < param.keep_top_k < len(labels) * count:
        found = _kept(layer, found, scores, param.keep_top_k, len(labels), count)
    return detections.top(layer, _rows(layer, found, boxes, scores, labels, count), layer.bottoms[0])


def _scores(layer: LayerWriter, labels: list[int], count: int) -> str:
    """The scores (N, labels, P)."""
    classes = layer.layer.classes
    scores = layer.transpose(layer.reshape(layer.bottoms[1], (0, count, classes)), (0, 2, 1))
    return scores if len(labels) == classes else layer.op("Gather", scores, layer.integers(labels), axis=1)


def _boxes(layer: LayerWriter, labels: list[int], count: int) -> str:
    """The boxes (N, P, 4), or those of each class, (N, labels, P, 4)."""
    loc, param = layer.bottoms[0], layer.param.detection_output_param
    share = param.share_location
    if share:
        codes = layer.reshape(loc, (0, count, 4))
    else:
        codes = layer.transpose(layer.reshape(loc, (0, count, layer.layer.classes, 4)), (0, 2, 1, 3))
        if len(labels) < layer.layer.classes:
            codes = layer.op("Gather", codes, layer.integers(labels), axis=1)
    pair = layer.reshape(layer.op("Gather", layer.bottoms[2], layer.integers(0), axis=0), (2, count, 4))
    priors = layer.op("Gather", pair, layer.integers(0), axis=0)
    if not layer.layer.code.in_target:
        codes = layer.op("Mul", codes, layer.op("Gather", pair, layer.integers(1), axis=0))
    return _decoded(layer, priors, codes, 2 if share else 3)


def _decoded(layer: LayerWriter, priors: str, codes: str, axis: int) -> str:
    """The boxes that the codes, whose last axis is `axis`, mean at the priors (P, 4), as in engine.boxes.Code."""
    kind = layer.layer.code.kind
    if kind == "CORNER":
        return layer.op("Add", priors, codes)
    low, high = layer.split(priors, [2, 2], 1)
    extent = layer.op("Sub", high, low)
    if kind == "CORNER_SIZE":
        return layer.op("Add", priors, layer.op("Mul", codes, layer.op("Concat", extent, extent, axis=1)))
    centers = layer.times(layer.op("Add", low, high), 0.5)
    offsets, sizes = layer.split(codes, [2, 2], axis)
    centers = layer.op("Add", layer.op("Mul", offsets, extent), centers)
    halves = layer.times(layer.op("Mul", layer.op("Exp", sizes), extent), 0.5)
    return layer.op("Concat", layer.op("Sub", centers, halves), layer.op("Add", centers, halves), axis=axis)


def _best(layer: LayerWriter, scores: str, count: int) -> str:
    """The scores of the `top_k` best of each class, and minus infinity in place of the others."""
    most = layer.layer.top_k
    if not 0 <= most < count:
        return scores
    best, numbers = layer.ops("TopK", 2, scores, layer.integers([most]), axis=2)
    return layer.op("ScatterElements", _filled(layer, scores, -np.inf), numbers, best, axis=2)


def _filled(layer: LayerWriter, like: str, value: float) -> str:
    from onnx import numpy_helper

    return layer.op("ConstantOfShape", layer.op("Shape", like),
                    value=numpy_helper.from_array(np.array([value], np.float32)))


def _suppressed(layer: LayerWriter, boxes: str, scores: str, classes: int, count: int) -> str:
    """What is found: (R, 3) of image, class and number of the box."""
    param = layer.param.detection_output_param
    if layer.layer.code.kind != "CENTER_SIZE":
        boxes = _right_side_out(layer, boxes, 2 if param.share_location else 3)
    limits = (count, param.nms_param.nms_threshold, layer.layer.least_score)
    if param.share_location:
        return detections.suppress(layer, boxes, scores, *limits)
    found = detections.suppress(layer, layer.reshape(boxes, (-1, count, 4)), layer.reshape(scores, (-1, 1, count)),
                                *limits)
    both, _, number = layer.split(found, [1, 1, 1], 1)
    return layer.op("Concat", *_image_and_class(layer, both, classes), number, axis=1)


def _right_side_out(layer: LayerWriter, boxes: str, axis: int) -> str:
    """Boxes without extent in place of those inside out, which overlap none, and NonMaxSuppression would turn."""
    low, high = layer.split(boxes, [2, 2], axis)
    return layer.op("Concat", low, layer.op("Max", low, high), axis=axis)


def _with_shrinking_threshold(layer: LayerWriter, boxes: str, scores: str, classes: int, count: int) -> str:
    """What is found, if the threshold shrinks with each box that is kept."""
    param = layer.param.detection_output_param
    most = min(count, layer.layer.top_k) if layer.layer.top_k >= 0 else count
    if param.share_location:
        boxes = layer.op("Expand", layer.op("Unsqueeze", boxes, layer.integers([1])),
                         layer.integers([1, classes, 1, 1]))
    groups, scores = layer.reshape(boxes, (-1, count, 4)), layer.reshape(scores, (-1, count))
    best, numbers = layer.ops("TopK", 2, scores, layer.integers([most]), axis=1)
    of_best = layer.op("GatherND", groups, layer.op("Unsqueeze", numbers, layer.integers([2])), batch_dims=1)
    is_open = layer.op("Greater", best, layer.constant(layer.layer.least_score))
    group, place = suppress(layer, of_best, is_open, _overlap, most, most, param.nms_param.nms_threshold,
                            param.nms_param.eta)
    number = layer.op("GatherND", numbers, layer.op("Concat", group, place, axis=1))
    return layer.op("Concat", *_image_and_class(layer, group, classes), detections.column(layer, number), axis=1)


def _image_and_class(layer: LayerWriter, both: str, classes: int) -> tuple[str, str]:
    """Of numbers that count the classes of all images."""
    return layer.op("Div", both, layer.integers(classes)), layer.op("Mod", both, layer.integers(classes))


def _overlap(layer: LayerWriter, box: str, boxes: str) -> str:
    """As engine.layers.forks.boxes.overlaps, none where no side is shared."""
    side, part = intersection(layer, box, boxes)
    return layer.op("Where", layer.op("Greater", side, layer.constant(0)), part, layer.constant(0))


def _kept(layer: LayerWriter, found: str, scores: str, most: int, classes: int, count: int) -> str:
    """Those of what is found that are among the `most` best of their image."""
    number = detections.number(layer, found, [classes * count, count, 1])
    flat = layer.reshape(scores, (-1,))
    of_found = layer.op("ScatterElements", _filled(layer, flat, -np.inf), number,
                        layer.op("Gather", flat, number, axis=0), axis=0)
    by_image = layer.reshape(of_found, (-1, classes * count))
    best, places = layer.ops("TopK", 2, by_image, layer.integers([most]), axis=1)
    is_best = layer.op("ScatterElements", _filled(layer, by_image, 0), places, _filled(layer, best, 1), axis=1)
    kept = detections.numbers_where(layer, detections.taken(layer, is_best, number))
    return layer.op("Gather", found, kept, axis=0)


def _rows(layer: LayerWriter, found: str, boxes: str, scores: str, labels: list[int], count: int) -> str:
    """The rows (R, 7) of what is found."""
    number = detections.number(layer, found, [len(labels) * count, count, 1])
    of_box = detections.number(layer, found, [count, 0, 1]) if layer.param.detection_output_param.share_location \
        else number
    image, label, _ = layer.split(detections.floats(layer, found), [1, 1, 1], 1)
    if labels == list(range(labels[0], labels[0] + len(labels))):
        label = layer.plus(label, labels[0])
    else:
        label = layer.op("Gather", layer.constant(labels), layer.split(found, [1, 1, 1], 1)[1], axis=0)
    score = detections.column(layer, detections.taken(layer, scores, number))
    return layer.op("Concat", image, label, score, detections.taken(layer, boxes, of_box, 4), axis=1)
