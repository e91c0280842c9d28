"""Correlation and Correlation1D: lmb-freiburg/flownet2, src/caffe/layers/correlation_layer.cu and
correlation_layer1d.cu, and the .cpp of each for the sizes.
"""

from __future__ import annotations

import math

import numpy as np


def correlation(first, second, *, kernel_size, max_displacement, pad=0, stride_1=1, stride_2=1,
                correlation_type="MULTIPLY"):
    """Each patch of the first bottom against the patches of the second displaced from it by up to max_displacement, in
    steps of stride_2: a channel a displacement, row by row. The mean over the patch and the channels of the products
    (MULTIPLY) or of the absolute differences (SUBTRACT). Patches lie stride_1 apart in the bottoms padded with zeros.

    do_abs is read by the fork, and does nothing.
    """
    reach = max_displacement // stride_2 * stride_2
    steps = range(-reach, reach + 1, stride_2)
    return _correlate(first, second, kernel_size, (max_displacement, max_displacement), (pad, pad), stride_1,
                      [(down, across) for down in steps for across in steps], correlation_type)


def correlation1d(first, second, *, kernel_size, max_displacement, pad=0, stride_1=1, stride_2=1, single_direction=0,
                  correlation_type="MULTIPLY"):
    """Displacements along rows alone, which alone are padded: both ways, or 0 and to the right (single_direction 1), or
    to the left (-1), where the fork looks one step too far, before what is padded, and never at 0: it is kept, the
    fork's bound is not: what lies before is 0.
    """
    radius = max_displacement // stride_2
    steps = {0: range(-radius, radius + 1), 1: range(radius + 1), -1: range(-radius - 1, 0)}[single_direction]
    return _correlate(first, second, kernel_size, (0, max_displacement), (0, pad), stride_1,
                      [(0, across * stride_2) for across in steps], correlation_type)


def _correlate(first, second, kernel_size, border, pad, stride, displacements, correlation_type):
    widths = ((0, 0), (0, 0), (pad[0], pad[0]), (pad[1], pad[1]))
    first, second = np.pad(first, widths), np.pad(second, widths)
    beyond = max(abs(step) for displacement in displacements for step in displacement)
    second = np.pad(second, ((0, 0), (0, 0), (beyond, beyond), (beyond, beyond)))
    radius = (kernel_size - 1) // 2
    height, width = (math.ceil((length - 2 * (outside + radius)) / stride)
                     for length, outside in zip(first.shape[2:], border))
    top = np.empty((first.shape[0], len(displacements), height, width))
    for y, x in np.ndindex(height, width):
        row, column = y * stride + border[0], x * stride + border[1]
        patch = first[:, :, row:row + kernel_size, column:column + kernel_size]
        for channel, (down, across) in enumerate(displacements):
            there = (row + beyond + down, column + beyond + across)
            other = second[:, :, there[0]:there[0] + kernel_size, there[1]:there[1] + kernel_size]
            pairs = patch * other if correlation_type == "MULTIPLY" else abs(patch - other)
            top[:, channel, y, x] = pairs.reshape(len(first), -1).mean(1)
    return top
