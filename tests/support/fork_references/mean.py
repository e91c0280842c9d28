"""Mean: lmb-freiburg/flownet2, src/caffe/layers/mean_layer.cpp."""

from __future__ import annotations

import numpy as np


def mean(bottom, *, operation, value=(), file=None, input_scale=1., mean_scale=1., output_scale=1.):
    """output_scale * (input_scale * bottom, plus (ADD) or minus (SUBTRACT) mean_scale * mean). The mean is the values,
    in turn over the channels, or the `file`'s (C, H, W), in turn over the bottom's channels. The backward is not the
    fork's, which has none: the derivative.
    """
    channels = bottom.shape[1]
    if file is None:
        means = np.reshape([value[c % len(value)] for c in range(channels)], (channels, 1, 1))
    else:
        means = np.array([file[c % len(file)] for c in range(channels)])
    return output_scale * (input_scale * bottom + (1 if operation == "ADD" else -1) * mean_scale * means)
