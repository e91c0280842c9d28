"""SSD's Permute."""

from __future__ import annotations

import numpy as np


def permute(bottom, order):
    """The axes in the order that is named, and behind them those that are not."""
    axes = [*order, *(axis for axis in range(bottom.ndim) if axis not in order)]
    top = np.empty([bottom.shape[axis] for axis in axes])
    for place in np.ndindex(bottom.shape):
        top[tuple(place[axis] for axis in axes)] = bottom[place]
    return top
