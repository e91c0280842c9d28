"""Proposal, of PVANET, and py-faster-rcnn's rpn.proposal_layer, of which this package has its own."""

from __future__ import annotations

import math

import numpy as np

from .....engine.layers.forks.proposal import LEAST_VALUES
from .....pycaffe.shims.boxes import placed_anchors
from .....pycaffe.shims.proposal_layer import ProposalLayer
from ...registry import Inexpressible, exports
from ...writing import END, LayerWriter
from . import detections
from .suppression import intersection, suppress

LOWEST = float(np.finfo(np.float32).min)    # below are scores that do not count


@exports("Proposal")
def proposal(layer: LayerWriter) -> list[str]:
    """The boxes moved and cut at the image, TopK, and a Loop that keeps the best of those that overlap.

    The fork takes boxes for apart between which there is a part of a pixel, as NonMaxSuppression does not. Scores and
    deltas that are no numbers, which count as 0 in the engine, are not looked for.
    """
    param = layer.param.proposal_param
    rows, columns = layer.bottom_shapes[0][2:]
    y, x = np.mgrid[:rows, :columns] * np.float32(param.feat_stride)
    placed = np.stack([x, y, x, y], axis=-1)[:, :, None] + layer.layer.anchors
    image, scores = _image(layer), _scores(layer)
    boxes = _boxes(layer, placed.reshape(-1, 4), image)
    scales = [LEAST_VALUES, 2] if _values(layer) > LEAST_VALUES else [2, 2]
    least = layer.times(layer.op("Gather", image, layer.integers(scales), axis=1), param.min_size)
    scores = layer.op("Where", _are_large(layer, boxes, least), scores, layer.constant(0))
    count = min(param.pre_nms_topn, placed.size // 4)
    best, boxes, numbers = _best(layer, scores, boxes, count)
    anyone = layer.op("GreaterOrEqual", numbers, layer.integers(0))
    # Any overlap is above a threshold below 0.
    most, threshold = (param.post_nms_topn, param.nms_thresh) if param.nms_thresh >= 0 else (1, 0)
    group, place = suppress(layer, boxes, anyone, _overlap, count, most, threshold)
    number = detections.number(layer, layer.op("Concat", group, place, axis=1), [count, 1])
    return _tops(layer, group, boxes, number, detections.taken(layer, best, number))


@exports("Python")
def proposal_layer(layer: LayerWriter) -> list[str]:
    """The boxes moved and cut at the image, TopK, and NonMaxSuppression of boxes that are a pixel wider and higher."""
    its = layer.layer.object
    if not isinstance(its, ProposalLayer):
        raise Inexpressible("Python layers are code, of which only this package's own rpn.proposal_layer can be "
                            "exported")
    if layer.bottom_shapes[0][0] != 1:
        raise Inexpressible("py-faster-rcnn's ProposalLayer takes one image, so the batch must be 1")
    rows, columns = layer.bottom_shapes[0][2:]
    placed = placed_anchors(its.options, rows, columns, layer.bottom_shapes[1][1], 4).astype(np.float32)
    image, scores = _image(layer), _scores(layer)
    boxes = _boxes(layer, placed, image)
    least = layer.times(layer.op("Gather", image, layer.integers([2, 2]), axis=1), its.settings.least)
    scores = layer.op("Where", _are_large(layer, boxes, least), scores, layer.constant(-np.inf))
    count = min(its.settings.before, len(placed))
    best, boxes, _ = _best(layer, scores, boxes, count)
    wider = layer.op("Add", boxes, layer.constant([0, 0, 1, 1]))
    # Scores may be any, and OpenCV 5 wants those that count to be above 0: so the places stand for them.
    standing = layer.op("Where", layer.op("Greater", best, layer.constant(LOWEST)),
                        layer.constant(np.arange(count, 0, -1)), layer.constant(0))
    found = detections.suppress(layer, wider, layer.op("Unsqueeze", standing, layer.integers([1])),
                                its.settings.after, its.settings.overlap, 0)
    group, _, place = layer.split(found, [1, 1, 1], 1)
    number = layer.op("Squeeze", place, layer.integers([1]))
    return _tops(layer, group, boxes, number, detections.column(layer, detections.taken(layer, best, number)))


def _values(layer: LayerWriter) -> int:
    """How many values the third bottom has of each image."""
    return math.prod(layer.bottom_shapes[2]) // layer.bottom_shapes[0][0]


def _image(layer: LayerWriter) -> str:
    """The third bottom as (N, values): rows, columns, scale ..."""
    return layer.reshape(layer.bottoms[2], (-1, _values(layer)))


def _scores(layer: LayerWriter) -> str:
    """The scores (N, M) of there being an object, by row, column and anchor."""
    anchors = layer.bottom_shapes[0][1] // 2
    scores = layer.slice(layer.bottoms[0], [anchors], [END], [1])
    return layer.reshape(layer.transpose(scores, (0, 2, 3, 1)), (0, -1))


def _boxes(layer: LayerWriter, placed: np.ndarray, image: str) -> str:
    """The anchors (M, 4) moved by the second bottom and cut at the image: (N, M, 4)."""
    deltas = layer.reshape(layer.transpose(layer.bottoms[1], (0, 2, 3, 1)), (0, -1, 4))
    move, stretch = layer.split(deltas, [2, 2], 2)
    size = placed[:, 2:] - placed[:, :2] + 1
    center = layer.op("Add", layer.op("Mul", move, layer.constant(size)), layer.constant(placed[:, :2] + size / 2))
    half = layer.op("Mul", layer.op("Exp", stretch), layer.constant(size / 2))
    boxes = layer.op("Concat", layer.op("Sub", center, half), layer.op("Add", center, half), axis=2)
    last = layer.plus(layer.op("Gather", image, layer.integers([1, 0, 1, 0]), axis=1), -1)
    boxes = layer.op("Min", boxes, layer.op("Unsqueeze", last, layer.integers([1])))
    return layer.op("Max", boxes, layer.constant(0))


def _are_large(layer: LayerWriter, boxes: str, least: str) -> str:
    """Whether each box (N, M) has at least the width and the height (N, 2)."""
    low, high = layer.split(boxes, [2, 2], 2)
    sides = layer.plus(layer.op("Sub", high, low), 1)
    fits = layer.op("GreaterOrEqual", sides, layer.op("Unsqueeze", least, layer.integers([1])))
    return layer.cast(layer.reduce("ReduceMin", layer.cast(fits, np.float32), [2], keepdims=False), np.bool_)


def _best(layer: LayerWriter, scores: str, boxes: str, count: int) -> tuple[str, str, str]:
    """The `count` best scores of each image, their boxes, and their numbers before."""
    best, numbers = layer.ops("TopK", 2, scores, layer.integers([count]), axis=1)
    places = layer.op("Unsqueeze", numbers, layer.integers([2]))
    return best, layer.op("GatherND", boxes, places, batch_dims=1), numbers


def _overlap(layer: LayerWriter, box: str, boxes: str) -> str:
    """As the fork has it: boxes with less than a pixel between them do not overlap."""
    side, part = intersection(layer, box, boxes, 1)
    return layer.op("Where", layer.op("GreaterOrEqual", side, layer.constant(0)), part, layer.constant(0))


def _tops(layer: LayerWriter, image: str, boxes: str, number: str, scores: str) -> list[str]:
    """The regions (R, 5), by their images (R, 1) and the boxes' numbers, and if wanted their scores."""
    rows = layer.op("Concat", detections.floats(layer, image), detections.taken(layer, boxes, number, 4), axis=1)
    return [rows, scores][:len(layer.top_shapes)]
