"""Unpooling of DeconvNet: HyeonwooNoh/caffe, src/caffe/layers/unpooling_layer.cpp."""

from __future__ import annotations

import numpy as np


def unpooling(bottom, mask=None, *, unpool="MAX", kernel, stride=(1, 1), size):
    """The top of `size` (height, width), by unpool_size or unpool_h and unpool_w; `kernel` and `stride` are pairs too.

    MAX: zeros, but the value where the mask says in its plane (the last, where several meet), or without a mask at the
    window's corner, moved into the top. AVE adds to each place of the window, as far as it lies in the top, the value
    over how many these are; TILE adds the value. The padding must be 0.

    The fork's CPU code adds AVE and TILE to what the top had before; its GPU code, as here, to zeros.
    """
    top = np.zeros((*bottom.shape[:2], *size))
    for n, c, h, w in np.ndindex(bottom.shape):
        value = bottom[n, c, h, w]
        if unpool == "MAX":
            top[(n, c, *max_place(None if mask is None else mask[n, c, h, w], h, w, stride, size))] = value
            continue
        places = window(h, w, kernel, stride, size)
        for place in places:
            top[(n, c, *place)] += value / len(places) if unpool == "AVE" else value
    return top


def unpooling_backward(top_diff, shape, mask=None, *, unpool="MAX", kernel, stride=(1, 1), size):
    """The diff of a bottom of `shape`.

    MAX: the top's where the value went, even if another came there later. AVE, and TILE as well, though it is not
    TILE's derivative: the mean over the window's places in the top (nothing, where there is none: the fork has NaN).
    """
    bottom_diff = np.zeros(shape)
    for n, c, h, w in np.ndindex(*shape):
        if unpool == "MAX":
            place = max_place(None if mask is None else mask[n, c, h, w], h, w, stride, size)
            bottom_diff[n, c, h, w] = top_diff[(n, c, *place)]
            continue
        places = window(h, w, kernel, stride, size)
        if places:
            bottom_diff[n, c, h, w] = sum(top_diff[(n, c, *place)] for place in places) / len(places)
    return bottom_diff


def max_place(index, h, w, stride, size):
    """Where in its plane MAX puts a value: where the mask's `index` says, or the corner of its window."""
    if index is not None:
        return divmod(int(index), size[1])
    return min(h * stride[0], size[0] - 1), min(w * stride[1], size[1] - 1)


def window(h, w, kernel, stride, size):
    """The places of the top in the window of one value."""
    return [(y, x) for y in range(h * stride[0], min(h * stride[0] + kernel[0], size[0]))
            for x in range(w * stride[1], min(w * stride[1] + kernel[1], size[1]))]
