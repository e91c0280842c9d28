"""ChannelNorm: lmb-freiburg/flownet2, src/caffe/layers/channel_norm_layer.cpp."""

from __future__ import annotations

import numpy as np


def channel_norm(bottom):
    """The Euclidean norm over the channels of each pixel: (N, 1, H, W)."""
    top = np.empty((bottom.shape[0], 1, *bottom.shape[2:]))
    for n, h, w in np.ndindex(bottom.shape[0], *bottom.shape[2:]):
        top[n, 0, h, w] = np.sqrt((bottom[n, :, h, w] ** 2).sum())
    return top


def channel_norm_backward(bottom, top_diff):
    """The bottom's diff: the derivative, with 1e-9 added to the norm, so that 0 has 0."""
    return top_diff * bottom / (channel_norm(bottom) + 1e-9)
