"""Interp of PSPNet and DeepLab: hszhao/PSPNet and xmyqsh/deeplab-v2, src/caffe/layers/interp_layer.cpp and
src/caffe/util/interp.cpp.
"""

from __future__ import annotations

import numpy as np


def interp(bottom, *, height=None, width=None, zoom_factor=None, shrink_factor=None, pad_beg=0, pad_end=0):
    """The image, less -pad_beg rows and columns in front and -pad_end behind, interpolated bilinearly with the corners
    on the corners.

    None is a field that is not written: the size is that of shrink_factor alone, zoom_factor alone, height and width,
    or of first the shrink and then the zoom factor, the first of these that is given.
    """
    sizes = interp_size(bottom.shape, height, width, zoom_factor, shrink_factor, pad_beg, pad_end)
    rows, columns = (weights_of(length, top_length, pad_beg, pad_end)
                     for length, top_length in zip(bottom.shape[2:], sizes))
    return np.einsum("yh,nchw,xw->ncyx", rows, bottom, columns)


def interp_size(shape, height=None, width=None, zoom_factor=None, shrink_factor=None, pad_beg=0, pad_end=0):
    """The height and width of the top."""
    inner = [length + pad_beg + pad_end for length in shape[2:]]
    if shrink_factor is not None and zoom_factor is None:
        return [(length - 1) // shrink_factor + 1 for length in inner]
    if zoom_factor is not None and shrink_factor is None:
        return [(length - 1) * zoom_factor + 1 for length in inner]
    if height is not None and width is not None:
        return [height, width]
    return [(length - 1) // shrink_factor * zoom_factor + 1 for length in inner]


def weights_of(length, top_length, pad_beg, pad_end):
    """How much of each value of an axis of `length` each value of the top has."""
    inner = length + pad_beg + pad_end
    weights = np.zeros((top_length, length))
    for i in range(top_length):
        place = i * (inner - 1) / (top_length - 1) if top_length > 1 else 0.
        first = int(place)
        second = min(first + 1, inner - 1)
        weights[i, first - pad_beg] += 1 - (place - first)
        weights[i, second - pad_beg] += place - first
    return weights
