"""Normalize of SSD: weiliu89/caffe, branch ssd, src/caffe/layers/normalize_layer.cpp.

The fork fixes the number of items at set-up where it sums over space, and finds the scale's diff by dividing by the
scale, which is NaN where it is 0; here neither.
"""

from __future__ import annotations

import numpy as np


def normalize(bottom, scale, *, across_spatial=True, channel_shared=True, eps=1e-10):
    """bottom / sqrt(sum of squares + eps) * scale; the sum is over the channels of each place, or over all of an item.

    `scale` is the one blob: one number if channel_shared, else one for each channel.
    """
    top = np.empty(bottom.shape)
    for n, item in enumerate(bottom):
        squares = (item ** 2).sum() if across_spatial else (item ** 2).sum(axis=0)
        for c, plane in enumerate(item):
            top[n, c] = plane / np.sqrt(squares + eps) * np.ravel(scale)[0 if channel_shared else c]
    return top


def normalize_backward(top_diff, bottom, scale, *, across_spatial=True, channel_shared=True, eps=1e-10):
    """The diffs of the bottom and of the scale, which are the derivatives."""
    bottom_diff, scale_diff = np.empty(bottom.shape), np.zeros(np.shape(scale))
    for n, item in enumerate(bottom):
        axes = None if across_spatial else 0
        norm = np.sqrt((item ** 2).sum(axis=axes) + eps)
        scales = np.ravel(scale)[[0 if channel_shared else c for c in range(len(item))]]
        scaled = top_diff[n] * scales.reshape(-1, *[1] * (item.ndim - 1))
        bottom_diff[n] = (scaled - item * (item * scaled).sum(axis=axes) / norm ** 2) / norm
        for c in range(len(item)):
            scale_diff.reshape(-1)[0 if channel_shared else c] += (top_diff[n, c] * (item / norm)[c]).sum()
    return bottom_diff, scale_diff
