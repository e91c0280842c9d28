"""What losses share: a scalar top, a weight of 1 unless told, one first dimension of both bottoms."""

from __future__ import annotations

import torch

from ...errors import InputError
from ..blob import shape_string
from ..layer import Layer, exactly

LOG_THRESHOLD = 1e-20       # no probability counts as less where its logarithm is taken (kLOG_THRESHOLD)


class LossLayer(Layer):
    """Two bottoms (predictions and targets or labels), one scalar top (src/caffe/layers/loss_layer.cpp)."""

    bottoms = exactly(2)
    default_loss_weight = 1.0
    makes_missing_tops = True

    def allows_forced_backward(self, bottom_index):
        # No gradient goes to the labels or targets.
        return bottom_index != 1

    def shapes(self, bottom_shapes):
        first, second = bottom_shapes[:2]
        if not first or first[:1] != second[:1]:
            raise InputError(f"its bottoms have shapes {shape_string(first)} and {shape_string(second)}; their first "
                             "lengths, the batch, must agree.")
        return [()]


def in_shape_of(tensor: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """`tensor` in the shape of `like`, which has as many values."""
    return tensor if tensor.shape == like.shape else tensor.reshape(like.shape)
