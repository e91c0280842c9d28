"""ShuffleChannel: farmingyard/ShuffleNet, shuffle_channel_layer.cpp."""

from __future__ import annotations

import numpy as np


def shuffle_channel(bottom, *, group):
    """The first channel of each group, then the second of each, and so on."""
    top = np.empty(bottom.shape)
    size = bottom.shape[1] // group
    for row in range(group):
        for column in range(size):
            top[:, column * group + row] = bottom[:, row * size + column]
    return top


def shuffle_channel_backward(top_diff, *, group):
    """The diffs in the bottom's order: the derivative."""
    return shuffle_channel(top_diff, group=top_diff.shape[1] // group)
