"""Maps in another size: Interp and Accum, whose corners stay corners; Resample and Downsample."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from .....engine.layers.forks.downsample import weights
from ...registry import exports
from ...writing import LayerWriter, Shape


def resized(layer: LayerWriter, x: str, size: Sequence[int], **options) -> str:
    """Images `x` in another size by Resize, whatever their batch and channels; `options` are the operator's."""
    rows = layer.op("Shape", x, start=0, end=2)
    return layer.op("Resize", x, "", "", layer.op("Concat", rows, layer.integers(size), axis=0), **options)


def _with_corners(layer: LayerWriter, x: str, old: Shape, new: Shape) -> str:
    """Resize with align_corners; Expand of a single pixel, as of the coarsest level of PSPNet's pyramid."""
    if old == new:
        return x
    if old == (1, 1):
        return layer.op("Expand", x, layer.integers([1, 1, *new]))
    if all(wanted in (length, 1) for length, wanted in zip(old, new)):      # the first pixels alone
        return layer.slice(x, [0, 0], new, [2, 3])
    # To one row or column its formula divides by 0: it makes two, of which one is taken.
    size = [max(2, wanted) for wanted in new]
    x = resized(layer, x, size, mode="linear", coordinate_transformation_mode="align_corners")
    return x if size == list(new) else layer.slice(x, [0, 0], new, [2, 3])


@exports("Interp")
def interp(layer: LayerWriter) -> str:
    """Resize with align_corners, or of a single pixel Expand; before it a Slice where `pad_beg` or `pad_end` cut."""
    x, (height, width), settings = layer.bottoms[0], layer.layer.kept, layer.layer
    if (height, width) != layer.bottom_shapes[0][2:]:
        start = -settings.options.pad_beg
        x = layer.slice(x, [start, start], [start + height, start + width], [2, 3])
    return _with_corners(layer, x, (height, width), settings.size)


@exports("Accum")
def accum(layer: LayerWriter) -> str:
    """Resize with align_corners of each bottom of another size (see Interp), and Concat."""
    taken = layer.bottoms[:-1] if layer.layer.has_reference else layer.bottoms
    maps = [_with_corners(layer, x, shape[2:], layer.top_shapes[0][2:])
            for x, shape in zip(taken, layer.bottom_shapes)]
    return maps[0] if len(maps) == 1 else layer.op("Concat", *maps, axis=1)


@exports("Resample")
def resample(layer: LayerWriter) -> str:
    """NEAREST: Gather along each axis. LINEAR and CUBIC: Resize, or where the filter is wider than that, MatMul with
    constants; there a pixel that is no number spoils its row and column.
    """
    x, old, new = layer.bottoms[0], layer.bottom_shapes[0][2:], layer.top_shapes[0][2:]
    settings = layer.layer
    if old == new:
        return x
    if settings.kind == "NEAREST":
        for axis, length, wanted, (pixels, _) in zip((2, 3), old, new, settings.taps):
            if length != wanted:
                x = layer.op("Gather", x, layer.integers(pixels[0].cpu().numpy()), axis=axis)
        return x
    if not settings.antialias:
        options = {"mode": "linear"} if settings.kind == "LINEAR" else {
            "mode": "cubic", "cubic_coeff_a": -0.5, "exclude_outside": 1}
        return resized(layer, x, new, coordinate_transformation_mode="half_pixel", **options)
    rows, columns = (_matrix(length, *(part.cpu().numpy() for part in taps))
                     for length, taps in zip(old, settings.taps))
    return _by_matrices(layer, x, rows, columns)


def _matrix(old: int, pixels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The weight of each of `old` pixels for each new one, (new, old), of those that have one, (taps, new)."""
    matrix = np.zeros((pixels.shape[1], old), np.float32)
    np.add.at(matrix, (np.arange(pixels.shape[1]), pixels), weights)
    return matrix


def _by_matrices(layer: LayerWriter, x: str, rows: np.ndarray, columns: np.ndarray) -> str:
    across = layer.op("MatMul", x, layer.constant(columns.T, name="columns"))
    return layer.op("MatMul", layer.constant(rows, name="rows"), across)


@exports("Downsample")
def downsample(layer: LayerWriter) -> str:
    """MatMul with constants, of the values that are known, divided by their weight."""
    x, old, new = layer.bottoms[0], layer.bottom_shapes[0][2:], layer.top_shapes[0][2:]
    if layer.bottom_shapes[0] == layer.top_shapes[0]:
        return x
    rows, columns = (weights(length, wanted, torch.zeros(())).numpy() for length, wanted in zip(old, new))
    unknown = layer.op("IsNaN", x)
    known = layer.cast(layer.op("Not", unknown), np.float32)
    filled = layer.op("Where", unknown, layer.constant(0), x)
    weight, missing, total = (_by_matrices(layer, part, rows, columns)
                              for part in (known, layer.cast(unknown, np.float32), filled))
    too_many = layer.op("Greater", layer.op("Div", missing, weight), layer.constant(0.5))
    return layer.op("Where", too_many, layer.constant(np.nan), layer.op("Div", total, weight))
