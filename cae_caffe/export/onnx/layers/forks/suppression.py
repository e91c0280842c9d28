"""Non-maximum suppression by a Loop, where NonMaxSuppression has not the overlap that is meant, or not the rule."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...loops import loop
from ...writing import LayerWriter
from .detections import column

# Writes the overlaps (G, K) of a box (G, 1, 4) of each group with its boxes (G, K, 4).
Overlap = Callable[[LayerWriter, str, str], str]

LEAST_SHRUNK = 0.5      # a threshold shrinks as long as it is above


def suppress(layer: LayerWriter, boxes: str, is_candidate: str, overlap: Overlap, count: int, most: int,
             threshold: float, eta: float = 1) -> tuple[str, str]:
    """Of each group of `count` boxes (G, K, 4), the best first, those are kept, `most` at most, that overlap no better
    one that is kept by more than the threshold; only those that `is_candidate` (G, K) count. As engine.suppression, and
    with an `eta` below 1, by which the threshold shrinks, as engine.layers.forks.boxes.suppress_fast.

    Returns the group of each that is kept, and its place there, both (R, 1), by group, the best first.
    """
    worst = layer.times(layer.cast(is_candidate, np.float32), 0)    # the largest overlap with one that is kept
    limit = layer.plus(layer.reduce("ReduceMax", worst, [1]), threshold)

    def keep_one(body: LayerWriter, states: list[str]) -> tuple[str, list[str], list[str]]:
        is_open, worst, limit = states
        is_free = body.cast(body.op("And", is_open, body.op("LessOrEqual", worst, limit)), np.int32)
        first = body.op("ArgMax", is_free, axis=1, keepdims=1)
        is_found = body.reduce("ReduceMax", is_free, [1])
        box = body.op("GatherND", boxes, body.op("Unsqueeze", first, body.integers([2])), batch_dims=1)
        is_behind = body.op("Greater", body.integers(np.arange(count)), first)
        behind = [body.op("And", is_open, is_behind), body.op("Max", worst, overlap(body, box, boxes)),
                  limit if eta == 1 else _shrunk(body, limit, eta)]
        goes_on = body.cast(body.op("ReduceMax", is_found, keepdims=0), np.bool_)
        return goes_on, behind, [first, body.cast(is_found, np.bool_)]

    *_, found, is_found = loop(layer, keep_one, [is_candidate, worst, limit], [np.bool_, np.float32, np.float32],
                               [np.int64, np.bool_], most)
    by_group, is_found = (layer.transpose(layer.op("Squeeze", passes, layer.integers([2])), (1, 0))
                          for passes in (found, is_found))
    kept = layer.transpose(layer.op("NonZero", is_found), (1, 0))
    group, _ = layer.split(kept, [1, 1], 1)
    return group, column(layer, layer.op("GatherND", by_group, kept))


def _shrunk(body: LayerWriter, limit: str, eta: float) -> str:
    return body.op("Where", body.op("Greater", limit, body.constant(LEAST_SHRUNK)), body.times(limit, eta), limit)


def intersection(layer: LayerWriter, box: str, boxes: str, more: float = 0) -> tuple[str, str]:
    """Of what a box (G, 1, 4) shares with boxes (G, K, 4), each with sides that are `more` long than their ends tell:
    the shorter side by its ends, negative where they lie apart, and the part of the union, both (G, K).
    """
    (low, high), (lows, highs) = (layer.split(each, [2, 2], 2) for each in (box, boxes))
    sides = layer.op("Sub", layer.op("Min", high, highs), layer.op("Max", low, lows))
    inner = _area(layer, layer.plus(sides, more))
    areas = [_area(layer, layer.plus(layer.op("Sub", end, start), more)) for start, end in ((low, high), (lows, highs))]
    union = layer.op("Sub", layer.op("Add", *areas), inner)
    return layer.reduce("ReduceMin", sides, [2], keepdims=False), layer.op("Div", inner, union)


def _area(layer: LayerWriter, sides: str) -> str:
    return layer.reduce("ReduceProd", sides, [2], keepdims=False)
