"""MergeCrop: naibaf7/caffe, src/caffe/layers/mergecrop_layer.cpp and .cu (it has no CPU code)."""

from __future__ import annotations

import numpy as np


def mergecrop(a, b, *, operation="STACK", forward=(True, True)):
    """The channels of a and then those of b (STACK), or their sum (ADD), where b is cropped to a's spatial size, with
    half of what is too much, rounded down, before it. A bottom whose `forward` is false counts as zeros.

    The fork mixes channels up if b has not as many as a: corrected here.
    """
    cropped = b[_crop(a.shape, b.shape)]
    parts = [part if goes else np.zeros(part.shape) for part, goes in zip((a, cropped), forward)]
    return np.concatenate(parts, 1) if operation == "STACK" else parts[0] + parts[1]


def mergecrop_backward(a, b, top_diff, *, operation="STACK", backward=(True, False)):
    """The diffs of a and of b: the top's, where `backward` is true (whatever `forward` is), else zeros.

    By default b gets none. Outside what was cropped b's diff is 0: the fork leaves it as it was.
    """
    a_diff, b_diff = np.zeros(a.shape), np.zeros(b.shape)
    a_part, b_part = ((top_diff[:, :a.shape[1]], top_diff[:, a.shape[1]:]) if operation == "STACK"
                      else (top_diff, top_diff))
    if backward[0]:
        a_diff[...] = a_part
    if backward[1]:
        b_diff[_crop(a.shape, b.shape)] = b_part
    return a_diff, b_diff


def _crop(a_shape, b_shape):
    """Where in b the part of a's spatial size lies."""
    starts = [(of_b - of_a) // 2 for of_a, of_b in zip(a_shape[2:], b_shape[2:])]
    return (slice(None), slice(None), *(slice(start, start + length) for start, length in zip(starts, a_shape[2:])))
