"""Correlation and Correlation1D: patches of one image compared with those around them in another."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ...registry import exports
from ...writing import LayerWriter


@exports("Correlation", "Correlation1D")
def correlation(layer: LayerWriter) -> str:
    """For each row of displacements MatMul and Gather, or of SUBTRACT Gather, Sub and ReduceL1; and AveragePool."""
    settings, (height, width) = layer.layer, layer.top_shapes[0][2:]
    height, width = ((count - 1) * settings.stride + settings.kernel for count in (height, width))
    corner = [start - margin for start, margin in zip(settings.start(), settings.margin())]
    downs, rights = (sorted({displacement[axis] for displacement in settings.displacements}) for axis in (0, 1))
    first = _window(layer, 0, corner, (height, width))
    second = _window(layer, 1, (corner[0] + downs[0], corner[1] + rights[0]),
                     (height + downs[-1] - downs[0], width + rights[-1] - rights[0]))
    columns = np.array(rights)[:, np.newaxis] - rights[0] + np.arange(width)
    compare = (_differences if settings.subtracts else _products)(layer, first, second, columns, height)
    maps = [compare(down - downs[0]) for down in downs]
    joined = layer.op("Concat", *maps, axis=2) if len(maps) > 1 else maps[0]
    means = layer.transpose(joined, (0, 2, 1, 3))
    if settings.kernel > 1 or settings.stride > 1:
        strides = [settings.stride if count > 1 else 1 for count in layer.top_shapes[0][2:]]
        means = layer.op("AveragePool", means, kernel_shape=[settings.kernel] * 2, strides=strides)
    return layer.op("Div", means, layer.constant(layer.bottom_shapes[0][1]))


def _window(layer: LayerWriter, bottom: int, corner: Sequence[int], size: Sequence[int]) -> str:
    """What of a bottom lies in a window, with zeros for what of the window lies outside."""
    x, lengths = layer.bottoms[bottom], layer.bottom_shapes[bottom][2:]
    begins, ends = [max(0, -at) for at in corner], [max(0, at + wanted - length) for at, wanted, length
                                                    in zip(corner, size, lengths)]
    inner = [(max(0, at), min(length, at + wanted)) for at, wanted, length in zip(corner, size, lengths)]
    if any(pair != (0, length) for pair, length in zip(inner, lengths)):
        x = layer.slice(x, [pair[0] for pair in inner], [pair[1] for pair in inner], [2, 3])
    return layer.pad(x, [0, 0, *begins], [0, 0, *ends]) if any(begins + ends) else x


def _products(layer: LayerWriter, first: str, second: str, columns: np.ndarray, height: int) -> Callable[[int], str]:
    """What makes the sums of products, (N, rows, displacements, columns), of a displacement of the second by rows.

    All pairs of columns are multiplied at once, and those at the displacements taken.
    """
    first, second = layer.transpose(first, (0, 2, 3, 1)), layer.transpose(second, (0, 2, 1, 3))
    whole = columns.max() + 1
    places = layer.integers(columns + whole * np.arange(columns.shape[1]))

    def compare(down: int) -> str:
        pairs = layer.op("MatMul", first, layer.slice(second, [down], [down + height], [1]))
        return layer.op("Gather", layer.reshape(pairs, (0, 0, -1)), places, axis=2)

    return compare


def _differences(layer: LayerWriter, first: str, second: str, columns: np.ndarray, height: int) -> Callable[[int], str]:
    """As `_products`, of absolute differences."""
    first, places = layer.op("Unsqueeze", first, layer.integers([3])), layer.integers(columns)

    def compare(down: int) -> str:
        displaced = layer.op("Gather", layer.slice(second, [down], [down + height], [2]), places, axis=3)
        return layer.reduce("ReduceL1", layer.op("Sub", first, displaced), [1], keepdims=False)

    return compare
