"""Rows of detections, of which nobody knows the number before the net runs: what the layers share that find boxes."""

from __future__ import annotations

import numpy as np

from ...writing import END, LayerWriter

WIDTH = 7       # of a row: image, label, score, xmin, ymin, xmax, ymax


def number(layer: LayerWriter, table: str, steps: list[int]) -> str:
    """The numbers (R,) of the places in a table (R, n), in a flat tensor in which `steps` lead to the next place of
    each axis: with Gather, for OpenCV 5 crashes in GatherND where there are none.
    """
    return layer.reduce("ReduceSum", layer.op("Mul", table, layer.integers(steps)), [1], keepdims=False)


def taken(layer: LayerWriter, x: str, numbers: str, width: int = 0) -> str:
    """Values (R,) of `x` by their numbers, or its rows (R, width)."""
    return layer.op("Gather", layer.reshape(x, (-1, width) if width else (-1,)), numbers, axis=0)


def numbers_where(layer: LayerWriter, mask: str) -> str:
    """The numbers (R,) of the places where the mask, of one axis, is not zero."""
    return layer.op("Squeeze", layer.op("NonZero", mask), layer.integers([0]))


def column(layer: LayerWriter, values: str) -> str:
    """Values (R,) as (R, 1)."""
    return layer.op("Unsqueeze", values, layer.integers([1]))


def floats(layer: LayerWriter, numbers: str) -> str:
    """Whole numbers as float32."""
    return layer.cast(numbers, np.float32)


def suppress(layer: LayerWriter, boxes: str, scores: str, most: int, threshold: float, least_score: float,
             **options) -> str:
    """NonMaxSuppression of boxes (N, P, 4) by scores (N, C, P) above `least_score`: rows (R, 3) of image, class and
    number of the box, by image, by class, and by falling score, `most` of each class.

    Boxes are dropped that overlap a better one by more than `threshold`, a part of their union. ONNX leaves the order
    open; onnxruntime and OpenCV 5 have this one, and of equal scores the first box is the better.
    """
    return layer.op("NonMaxSuppression", boxes, scores, layer.integers([most]),
                    layer.constant([min(threshold, 1)]), layer.constant([least_score]), **options)


def top(layer: LayerWriter, rows: str | None, like: str) -> str:
    """The top (1, 1, rows, 7) of `rows` (R, 7); without any, a row of its number and -1 six times for each image.

    The images are those of the tensor `like`, on its first axis. If `rows` is None there are never any.
    """
    nothing = _nothing(layer, like)
    if rows is not None:
        count = layer.slice(layer.op("Shape", rows), [0], [1], [0])
        is_empty = layer.cast(layer.op("Equal", count, layer.integers([0])), np.int64)
        end = layer.op("Mul", is_empty, layer.integers([END]))
        nothing = layer.op("Slice", nothing, layer.integers([0]), end, layer.integers([0]))
        rows = layer.op("Concat", rows, nothing, axis=0)
    return layer.op("Unsqueeze", rows or nothing, layer.integers([0, 1]))


def _nothing(layer: LayerWriter, like: str) -> str:
    count = layer.op("Gather", layer.op("Shape", like), layer.integers(0), axis=0)
    numbers = floats(layer, layer.op("Range", layer.integers(0), count, layer.integers(1)))
    return layer.pad(column(layer, numbers), [0, 0], [0, WIDTH - 1], -1)
