"""Reorg of YOLO: eric612/MobileNet-YOLO, src/caffe/layers/reorg_layer.cpp and include/caffe/layers/reorg_layer.hpp
(Darknet's reorg).
"""

from __future__ import annotations

import numpy as np


def reorg(bottom, *, stride, reverse=False):
    """With reverse, blocks of channels become blocks of stride x stride pixels: (N, C / stride^2, H * stride,
    W * stride). C must be a multiple of stride^2.

    Without, the top is (N, C * stride^2, H / stride, W / stride), but not the reverse of that: the bottom's memory is
    read as if it was (C / stride^2, H * stride, W * stride), and written as (C, H, W). Darknet's trained nets have it
    so.
    """
    n, c, h, w = bottom.shape
    inner, outer = _places((c, h, w), stride)
    flat = bottom.reshape(n, -1)
    top = np.empty(flat.shape)
    if reverse:
        top[:, outer] = flat[:, inner]
        return top.reshape(n, c // stride ** 2, h * stride, w * stride)
    top[:, inner] = flat[:, outer]
    return top.reshape(n, c * stride ** 2, h // stride, w // stride)


def reorg_backward(top_diff, shape, *, stride, reverse=False):
    """The diff of a bottom of `shape`: the derivative. (The fork gives what an array of its own, never written to, has
    in it: corrected here.)
    """
    inner, outer = _places(shape[1:], stride)
    flat = top_diff.reshape(shape[0], -1)
    bottom_diff = np.empty(flat.shape)
    if reverse:
        bottom_diff[:, inner] = flat[:, outer]
    else:
        bottom_diff[:, outer] = flat[:, inner]
    return bottom_diff.reshape(shape)


def _places(shape, stride):
    """The places in memory of the values of a bottom of (C, H, W), and of those of pixels in place of channels."""
    channels, height, width = shape
    inner, outer = [], []
    few = channels // stride ** 2
    for c, h, w in np.ndindex(*shape):
        block, channel = divmod(c, few)
        down, across = divmod(block, stride)
        inner.append((c * height + h) * width + w)
        outer.append((channel * height * stride + h * stride + down) * width * stride + w * stride + across)
    return inner, outer
