"""Dropout's fields of forks: scale_train (rbgirshick/caffe-fast-rcnn, daijifeng001/caffe-rfcn), sample_weights_test
(alexgkendall/caffe-segnet), sqrt_scale (happynear/caffe-windows); each in src/caffe/layers/dropout_layer.cpp.
"""

from __future__ import annotations

import math

import numpy as np


def dropout(bottom, mask, *, dropout_ratio=.5, scale_train=True, sqrt_scale=False, sample_weights_test=False,
            phase="TRAIN"):
    """The top, given the mask that was drawn (1 with the probability 1 - dropout_ratio, else 0).

    Caffe scales what is kept by 1 / (1 - dropout_ratio). Without scale_train it does not, and TEST multiplies by
    1 - dropout_ratio instead. With sqrt_scale both factors are their square roots, which keeps a variance and not a
    mean. With sample_weights_test TEST drops as TRAIN. Each is linear in the bottom: dropout of the top's diff, by the
    same mask, is the bottom's diff.
    """
    scale = 1 / (1 - dropout_ratio)
    if sqrt_scale:
        scale = math.sqrt(scale)
    if phase == "TRAIN" or sample_weights_test:
        return bottom * mask * (scale if scale_train else 1.)
    return np.array(bottom) if scale_train else bottom / scale
