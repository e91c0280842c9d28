"""ReLU6: eric612/MobileNet-YOLO, src/caffe/layers/relu6_layer.cpp."""

from __future__ import annotations

import numpy as np


def relu6(bottom, *, negative_slope=0.):
    """The positive part and the slope times the negative part, at most 6."""
    return np.minimum(np.maximum(bottom, 0) + negative_slope * np.minimum(bottom, 0), 6.)


def relu6_backward(bottom, top_diff, *, negative_slope=0.):
    """The top's diff times 1 above 0, the slope at 0 and below it, and 0 at 6 and above it.

    A negative slope below 0 can pass 6, too; the fork then still passes the diff on.
    """
    return top_diff * np.where(bottom >= 6, 0., np.where(bottom > 0, 1., negative_slope))
