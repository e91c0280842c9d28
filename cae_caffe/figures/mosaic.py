"""Numbers as pictures: maps side by side, and vectors in rows."""

from __future__ import annotations

from math import ceil, sqrt

import numpy as np

STRIP = 10      # vectors of up to so many units stay one row


def tiled(maps: np.ndarray, columns: int | None = None) -> np.ndarray:
    """`maps` (n, height, width) as one picture, in reading order; an empty cell (NaN) parts maps larger than 1x1.

    `columns` is by default the number that makes the picture nearest to a square from above.
    """
    count, height, width = maps.shape
    gap = int(height * width > 1)
    high, wide = height + gap, width + gap
    columns = min(columns or ceil(sqrt(count * high / wide)), count)
    rows = ceil(count / columns)
    canvas = np.full((rows * columns, high, wide), np.nan, np.float32)
    canvas[:count, :height, :width] = maps
    picture = canvas.reshape(rows, columns, high, wide).swapaxes(1, 2).reshape(rows * high, columns * wide)
    return picture[:rows * high - gap, :columns * wide - gap]


def vector(values: np.ndarray) -> np.ndarray:
    """`values` (n,) as a picture of one cell a unit: a row up to ten units, else in rows of a near-square."""
    columns = len(values) if len(values) <= STRIP else ceil(sqrt(len(values)))
    rows = ceil(len(values) / columns)
    canvas = np.full(rows * columns, np.nan, np.float32)
    canvas[:len(values)] = values
    return canvas.reshape(rows, columns)


def pictured(values: np.ndarray) -> np.ndarray:
    """One image's part of a blob as a picture: `tiled` maps where it has a height and a width, else a `vector`.

    Axes in front of height and width are taken together; 1x1 maps are a vector.
    """
    if values.ndim < 2 or values.shape[-2:] == (1, 1):
        return vector(values.reshape(-1))
    return tiled(values.reshape((-1,) + values.shape[-2:]))
