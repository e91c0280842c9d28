"""Resample: lmb-freiburg/flownet2, src/caffe/layers/resample_layer.cu and .cpp (no CPU code, and no backward)."""

from __future__ import annotations

import numpy as np


def resample(bottom, *, height, width, type="LINEAR", antialias=True):      # noqa: A002 - the field's name
    """The image at the size (height, width), which two bottoms take from the second: NEAREST, LINEAR or CUBIC. The
    centre of a value of the top lies in the bottom at (i + 1/2) * factor - 1/2, with the factor of its axis.

    With antialias the kernel is stretched by the factor of an axis that shrinks. The fork's `factor` does nothing, and
    AREA is refused. Two of its faults are corrected here. It takes for the half of a step that of the other axis, and
    for NEAREST so reads beyond the image; and where one axis shrinks, it narrows the kernel of another that grows, so
    that some places are 0.
    """
    rows, columns = (_weights(length, top_length, type, antialias)
                     for length, top_length in zip(bottom.shape[2:], (height, width)))
    return np.einsum("yh,nchw,xw->ncyx", rows, bottom, columns)


def _weights(length, top_length, kind, antialias):
    """How much of each value of an axis each value of the top has."""
    weights = np.zeros((top_length, length))
    factor = length / top_length
    stretch = max(factor, 1.) if antialias else 1.
    for i in range(top_length):
        if kind == "NEAREST":
            weights[i, (2 * i + 1) * length // (2 * top_length)] = 1    # round((i + 1/2) * factor - 1/2), halves up
            continue
        for j in range(length):
            weights[i, j] = {"LINEAR": triangle, "CUBIC": bicubic}[kind](((i + .5) * factor - .5 - j) / stretch)
        weights[i] /= weights[i].sum()
    return weights


def triangle(x):
    """The kernel of LINEAR."""
    return max(1 - abs(x), 0.)


def bicubic(x):
    """The kernel of CUBIC: Keys's, with a = -1/2."""
    x = abs(x)
    if x <= 1:
        return 1.5 * x ** 3 - 2.5 * x ** 2 + 1
    return -.5 * x ** 3 + 2.5 * x ** 2 - 4 * x + 2 if x < 2 else 0.
