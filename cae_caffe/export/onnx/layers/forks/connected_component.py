"""ConnectedComponent: each connected part of an image's labels with a number of its own."""

from __future__ import annotations

import numpy as np

from ...loops import loop
from ...registry import exports
from ...writing import END, LayerWriter

ROWS, COLUMNS = 2, 3        # axes


@exports("ConnectedComponent")
def connected_component(layer: LayerWriter) -> str:
    """Loop of Min with the neighbours, and of GatherElements, until each pixel has its part's first place; CumSum
    numbers those places.
    """
    height, width = layer.bottom_shapes[0][2:]
    labels = layer.cast(layer.bottoms[0], np.int64)
    places = layer.integers(np.arange(height * width).reshape(height, width))
    roots = _first_places(layer, labels, places, (height, width))

    is_part = layer.op("Not", layer.op("Equal", labels, layer.integers(0)))
    begins = layer.op("And", layer.op("Equal", roots, places), is_part)
    flat_begins, flat_roots = (layer.reshape(x, (0, 0, -1)) for x in (layer.cast(begins, np.int64), roots))
    numbers = layer.op("GatherElements", layer.op("CumSum", flat_begins, layer.integers(2)), flat_roots, axis=2)
    largest = layer.op("Max", layer.reduce("ReduceMax", labels, [ROWS, COLUMNS]), layer.integers(0))
    numbered = layer.op("Add", layer.reshape(numbers, (0, 0, height, width)), largest)
    return layer.op("Where", is_part, layer.cast(numbered, np.float32), layer.constant(0))


def _first_places(layer: LayerWriter, labels: str, places: str, size: tuple[int, int]) -> str:
    """For each pixel the first place of those that are connected with it by pixels of its label; int64 as `labels`."""
    outside = layer.integers(size[0] * size[1])
    beside = [(axis, _same(layer, labels, axis)) for axis in (ROWS, COLUMNS) if size[axis - ROWS] > 1]

    def step(body: LayerWriter, states: list[str]) -> tuple[str, list[str], list[str]]:
        roots, = states
        least = roots
        for axis, same in beside:
            for mine, theirs in ((-1, 1), (1, -1)):
                neighbours = body.op("Where", same, _part(body, roots, axis, theirs), outside)
                pads = [[0] * 4, [0] * 4]
                pads[0 if mine == 1 else 1][axis] = 1
                least = body.op("Min", least, body.op("Pad", neighbours, body.integers([*pads[0], *pads[1]]), outside))
        flat = body.reshape(least, (0, 0, -1))
        # Each takes its root's root, so that far parts are found in few steps.
        after = body.reshape(body.op("GatherElements", flat, flat, axis=2), (0, 0, *size))
        changes = body.cast(body.op("Not", body.op("Equal", after, roots)), np.int32)
        return body.cast(body.op("ReduceMax", changes, keepdims=0), np.bool_), [after], []

    own = layer.op("Expand", places, layer.op("Shape", labels))
    return loop(layer, step, [own], [np.int64], [], size[0] * size[1])[0]


def _same(layer: LayerWriter, labels: str, axis: int) -> str:
    """Whether each pixel, but the last of the axis, has the label of the one behind it."""
    return layer.op("Equal", _part(layer, labels, axis, -1), _part(layer, labels, axis, 1))


def _part(layer: LayerWriter, x: str, axis: int, side: int) -> str:
    """`x` without the last (-1) or the first (1) of the axis."""
    return layer.slice(x, [0], [-1], [axis]) if side < 0 else layer.slice(x, [1], [END], [axis])
