"""SmoothL1Loss: rbgirshick/caffe-fast-rcnn, branches fast-rcnn (2 and 3 bottoms) and faster-rcnn (2 and 4 bottoms, and
sigma), src/caffe/layers/smooth_L1_loss_layer.cu; SSD's smooth_L1_loss_layer.cpp is that of fast-rcnn.
"""

from __future__ import annotations

import numpy as np


def smooth_l1_loss(prediction, target, inside=1.0, outside=1.0, *, sigma=1.0):
    """The sum of outside * f(inside * (prediction - target)) by the number of items, where f(d) is
    (sigma * d)^2 / 2 if |d| < 1 / sigma^2, and |d| - 1 / (2 sigma^2) beyond.

    With three bottoms, the third is `inside`. SSD and fast-rcnn have no sigma.
    """
    loss = 0.0
    for d, weight in _differences(prediction, target, inside, outside):
        loss += weight * (0.5 * (sigma * d) ** 2 if abs(d) < 1 / sigma ** 2 else abs(d) - 0.5 / sigma ** 2)
    return np.float64(loss / len(prediction))


def smooth_l1_loss_backward(top_diff, prediction, target, inside=None, outside=None, *, sigma=1.0):
    """The diffs of prediction and target.

    With 2 and 4 bottoms they are the derivatives. With 3 (`outside` None), fast-rcnn and SSD do not multiply by the
    weight once more, so that they are the derivatives only where all weights are 0 or 1.
    """
    slopes = []
    for d, _ in _differences(prediction, target, 1.0 if inside is None else inside, 1.0):
        slopes.append(sigma ** 2 * d if abs(d) < 1 / sigma ** 2 else np.sign(d))
    diff = np.reshape(slopes, np.shape(prediction)) * float(top_diff) / len(prediction)
    if outside is not None:
        diff = diff * inside * outside
    return [diff, -diff]


def _differences(prediction, target, inside, outside):
    """The weighted difference of each element, and its outside weight."""
    target, inside, outside = (np.broadcast_to(np.reshape(array, np.shape(prediction)) if np.ndim(array) else array,
                                               np.shape(prediction)) for array in (target, inside, outside))
    return [(w * (a - b), v) for a, b, w, v in zip(prediction.flat, target.flat, inside.flat, outside.flat)]
