"""What combines bottoms, or entries of one: SpatialProduct, BatchReduction, InnerDistance, MergeCrop, Affinity."""

from __future__ import annotations

import numpy as np

from .....engine.layers.forks.inner_distance import NEVER_ZERO
from ...registry import exports
from ...writing import END, LayerWriter


@exports("SpatialProduct")
def spatial_product(layer: LayerWriter) -> str:
    """Mul."""
    return layer.op("Mul", *layer.bottoms)


@exports("BatchReduction")
def batch_reduction(layer: LayerWriter) -> str:
    """ReduceSum, ReduceMean, or TopK and ReduceMean, of each piece of a Split; the diagonal is a Slice."""
    settings, x = layer.layer, layer.bottoms[0]
    axis, shape = settings.axis, layer.bottom_shapes[0]
    if settings.on_diagonal:
        x = layer.reshape(x, (*shape[:axis], shape[axis]**2, *shape[axis + 2:]))
        x = layer.slice(x, [0], [shape[axis]**2], [axis], [shape[axis] + 1])
    if not settings.pieces:
        return _reduced(layer, x, keepdims=False)
    pieces = layer.split(x, settings.pieces, axis) if len(settings.pieces) > 1 else [x]
    entries = [_reduced(layer, piece, keepdims=True) for piece in pieces]
    return layer.op("Concat", *entries, axis=axis) if len(entries) > 1 else entries[0]


def _reduced(layer: LayerWriter, x: str, keepdims: bool) -> str:
    reduction, axis = layer.layer.reduction, layer.layer.axis
    if reduction.operation == "TOPK":
        x, _ = layer.ops("TopK", 2, x, layer.integers([reduction.k]), axis=axis)
    return layer.reduce("ReduceSum" if reduction.operation == "SUM" else "ReduceMean", x, [axis], keepdims)


@exports("InnerDistance")
def inner_distance(layer: LayerWriter) -> str:
    """ReduceSumSquare, or for L1 ReduceL1, of the differences; labels have no say."""
    settings, x = layer.layer, layer.bottoms[0]
    rows = layer.reshape(x, (*[0] * settings.axis, 1, settings.features))
    kind = "ReduceL1" if settings.norm == 1 else "ReduceSumSquare"
    return layer.reduce(kind, layer.op("Sub", rows, _vectors(layer)), [settings.axis + 1], keepdims=False)


def _vectors(layer: LayerWriter) -> str:
    if not layer.layer.has_weights:
        vectors, shape = layer.bottoms[1], layer.bottom_shapes[1]
        return vectors if len(shape) == 2 else layer.op("Flatten", vectors, axis=1)
    if not layer.param.inner_distance_param.normalize:
        return layer.weight(0, name="weight")
    rows = layer.array(0).astype(np.float64)
    lengths = np.sqrt(np.square(rows).sum(1, keepdims=True) + NEVER_ZERO)
    return layer.weight(0, (rows / lengths).astype(np.float32), "normalized")


@exports("MergeCrop")
def merge_crop(layer: LayerWriter) -> str:
    """Slice of the second bottom, and Concat or Add; zeros for a bottom that is left out by `forward`."""
    settings = layer.layer
    parts = [layer.bottoms[0], _middle(layer)]
    if settings.adds:
        taken = [part for part, is_in in zip(parts, settings.is_forward) if is_in]
        return layer.op("Add", *taken) if len(taken) == 2 else taken[0] if taken else _zeros(layer, parts[0])
    taken = [part if is_in else _zeros(layer, part) for part, is_in in zip(parts, settings.is_forward)]
    return layer.op("Concat", *taken, axis=1)


def _middle(layer: LayerWriter) -> str:
    first, second = layer.bottom_shapes
    if first[2:] == second[2:]:
        return layer.bottoms[1]
    starts = [(other - length) // 2 for length, other in zip(first[2:], second[2:])]
    ends = [start + length for start, length in zip(starts, first[2:])]
    return layer.slice(layer.bottoms[1], starts, ends, list(range(2, len(first))))


def _zeros(layer: LayerWriter, like: str) -> str:
    return layer.op("Expand", layer.constant(0), layer.op("Shape", like))


@exports("Affinity")
def affinity(layer: LayerWriter) -> list[str]:
    """Min of Slices, Concat and Pad."""
    tops = []
    for x, offset in zip(layer.bottoms, layer.layer.offsets):
        # The channel without the last row and column, moved by one row, or by one column.
        here, below, right = (layer.slice(x, [offset, *moved], [offset + 1, *(moved[i] - 1 or END
                                                                            for i in (0, 1))], [1, 2, 3])
                              for moved in ((0, 0), (1, 0), (0, 1)))
        least = layer.op("Concat", *(layer.op("Min", here, neighbour) for neighbour in (below, right)), axis=1)
        tops.append(layer.pad(least, [0] * 4, [0, 0, 1, 1]))
    return tops
