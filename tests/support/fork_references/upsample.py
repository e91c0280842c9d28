"""Upsample: SegNet's (alexgkendall/caffe-segnet and TimoSaemann/caffe-enet, src/caffe/layers/upsample_layer.cpp), which
puts values where a mask says, and YOLO's (eric612/MobileNet-YOLO, the same path), which repeats them.
"""

from __future__ import annotations

import numpy as np


def upsample_by_mask(bottom, mask, *, scale=2, scale_h=None, scale_w=None, pad_out_h=False, pad_out_w=False,
                     upsample_h=None, upsample_w=None):
    """SegNet's: zeros, but at the mask's place in each plane the bottom's value; where several meet, the last.

    The fork takes the size of the first batch for good; here each pass has that of its own bottom.
    """
    height, width = upsampled_size(bottom.shape, scale, scale_h, scale_w, pad_out_h, pad_out_w, upsample_h, upsample_w)
    top = np.zeros((*bottom.shape[:2], height * width))
    for n, c, h, w in np.ndindex(bottom.shape):
        top[n, c, int(mask[n, c, h, w])] = bottom[n, c, h, w]
    return top.reshape(*bottom.shape[:2], height, width)


def upsampled_size(shape, scale, scale_h, scale_w, pad_out_h, pad_out_w, upsample_h, upsample_w):
    """The height and width of SegNet's top."""
    if upsample_h is not None and upsample_w is not None:
        return upsample_h, upsample_w
    scale_h, scale_w = (scale, scale) if scale_h is None else (scale_h, scale_w)
    return shape[2] * scale_h - int(pad_out_h), shape[3] * scale_w - int(pad_out_w)


def upsample_by_mask_backward(mask, top_diff):
    """The bottom's diff: the top's at the mask's place.

    Where several values meet in one place, each gets that place's diff, though only the last is in the top. The fork's
    bound check, of a size that it never sets if upsample_h and upsample_w are given, is left out.
    """
    planes = top_diff.reshape(*top_diff.shape[:2], -1)
    bottom_diff = np.empty(mask.shape)
    for n, c, h, w in np.ndindex(mask.shape):
        bottom_diff[n, c, h, w] = planes[n, c, int(mask[n, c, h, w])]
    return bottom_diff


def upsample_nearest(bottom, *, scale=1):
    """YOLO's: each value `scale` times as high and as wide, over the last two axes."""
    top = np.empty((*bottom.shape[:-2], bottom.shape[-2] * scale, bottom.shape[-1] * scale))
    for place in np.ndindex(top.shape):
        *front, h, w = place
        top[place] = bottom[(*front, h // scale, w // scale)]
    return top


def upsample_nearest_backward(top_diff, *, scale=1):
    """Each value's diff: the sum over where it is repeated. It is the derivative."""
    *front, height, width = top_diff.shape
    bottom_diff = np.zeros((*front, height // scale, width // scale))
    for place in np.ndindex(top_diff.shape):
        *front, h, w = place
        bottom_diff[(*front, h // scale, w // scale)] += top_diff[place]
    return bottom_diff
