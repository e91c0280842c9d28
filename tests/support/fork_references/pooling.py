"""Pooling with dilation (naibaf7/caffe, src/caffe/layers/pooling_layer.cpp and src/caffe/libdnn/libdnn_pool.cpp; its
CPU code overlooks the dilation) and with ceil_mode (nets of soeaver/caffe-model; true is Caffe's own rule, false rounds
down as Caffe 1.0's round_mode FLOOR).
"""

from __future__ import annotations

import math

import numpy as np

LOWEST = -float(np.finfo(np.float32).max)


def pooling(bottom, *, pool="MAX", kernel, stride=(1, 1), pad=(0, 0), dilation=(1, 1), ceil_mode=True):
    """[the maxima, their mask], or [the averages], over windows whose taps lie `dilation` apart. All axes behind the
    first two are spatial.

    The mask is the place in the plane, the first of equals, -1 (and the lowest float) for an empty window. An average
    is over the taps in the image and in its padding on all sides.
    """
    size = bottom.shape[2:]
    options = (kernel, stride, pad, dilation)
    shape = (*bottom.shape[:2], *pooled_size(size, *options, ceil_mode))
    top, mask = np.empty(shape), np.empty(shape)
    for place in np.ndindex(*shape):
        plane = bottom[place[:2]]
        inner, count = taps(place[2:], size, *options)
        if pool == "MAX":
            top[place], mask[place] = LOWEST, -1
            for tap in inner:
                if plane[tap] > top[place]:
                    top[place], mask[place] = plane[tap], np.ravel_multi_index(tap, size)
        else:
            top[place] = sum(plane[tap] for tap in inner) / count if count else 0.
    return [top, mask] if pool == "MAX" else [top]


def pooling_backward(bottom, top_diff, *, pool="MAX", kernel, stride=(1, 1), pad=(0, 0), dilation=(1, 1),
                     ceil_mode=True):
    """The bottom's diff: the derivative."""
    options = (kernel, stride, pad, dilation)
    size = bottom.shape[2:]
    bottom_diff = np.zeros(bottom.shape)
    if pool == "MAX":
        mask = pooling(bottom, pool=pool, kernel=kernel, stride=stride, pad=pad, dilation=dilation,
                       ceil_mode=ceil_mode)[1]
        for place in np.ndindex(*mask.shape):
            if mask[place] >= 0:
                bottom_diff[(*place[:2], *np.unravel_index(int(mask[place]), size))] += top_diff[place]
        return bottom_diff
    for place in np.ndindex(*top_diff.shape):
        inner, count = taps(place[2:], size, *options)
        for tap in inner:
            bottom_diff[(*place[:2], *tap)] += top_diff[place] / count
    return bottom_diff


def pooled_size(size, kernel, stride, pad, dilation, ceil_mode):
    """The spatial size of the top. As in Caffe 1.0, padding on any axis takes away a last window on each axis that
    would begin behind the image and its padding.
    """
    rounded = math.ceil if ceil_mode else math.floor
    pooled = []
    for length, taps_, step, padding, apart in zip(size, kernel, stride, pad, dilation):
        count = rounded((length + 2 * padding - (apart * (taps_ - 1) + 1)) / step) + 1
        if any(pad) and (count - 1) * step >= length + padding:
            count -= 1
        pooled.append(count)
    return pooled


def taps(place, size, kernel, stride, pad, dilation):
    """The taps in the image of the window at `place` of the top, in the order of memory; and how many an average is
    over: these and those in the padding.
    """
    inner, counted = [], 0
    for offset in np.ndindex(*kernel):
        tap = tuple(at * step - padding + apart * i
                    for at, step, padding, apart, i in zip(place, stride, pad, dilation, offset))
        counted += all(t < length + padding for t, length, padding in zip(tap, size, pad))
        if all(0 <= t < length for t, length in zip(tap, size)):
            inner.append(tap)
    return inner, counted
