"""Axpy of SENet: hujie-frank/SENet, src/caffe/layers/axpy_layer.cpp."""

from __future__ import annotations

import numpy as np


def axpy(scale, x, y):
    """Each channel of each image of x times its scale, plus y. `scale` has N * C values, in (N, C) or (N, C, 1, 1)."""
    top = np.empty(x.shape)
    for n, c in np.ndindex(x.shape[:2]):
        top[n, c] = scale.reshape(x.shape[:2])[n, c] * x[n, c] + y[n, c]
    return top


def axpy_backward(scale, x, top_diff):
    """The diffs of scale, x and y: the derivatives."""
    scale_diff, x_diff = np.empty(x.shape[:2]), np.empty(x.shape)
    for n, c in np.ndindex(x.shape[:2]):
        scale_diff[n, c] = (x[n, c] * top_diff[n, c]).sum()
        x_diff[n, c] = scale.reshape(x.shape[:2])[n, c] * top_diff[n, c]
    return scale_diff.reshape(scale.shape), x_diff, top_diff.copy()
