"""What losses share: a scalar top, a weight of 1 unless told, one first dimension of both bottoms, what divides it."""

from __future__ import annotations

import math

import torch

from ...errors import InputError
from ..blob import Shape, shape_string
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


def require_same_count(first: Shape, second: Shape) -> None:
    """Raises InputError unless bottoms of these shapes have as many values."""
    if math.prod(first) != math.prod(second):
        raise InputError(f"its bottoms have shapes {shape_string(first)} and {shape_string(second)}; the counts in "
                         "brackets must agree.")


def in_shape_of(tensor: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """`tensor` in the shape of `like`, which has as many values."""
    return tensor if tensor.shape == like.shape else tensor.reshape(like.shape)


def normalization_mode(loss_param, default: str) -> str:
    """By what a loss is divided: FULL, VALID, BATCH_SIZE, NONE or PRE_FIXED; the old `normalize` flag still counts.

    Raises InputError for a `pre_fixed_normalizer` that is no positive number.
    """
    fixed = loss_param.pre_fixed_normalizer
    if not 0 < fixed < math.inf:
        raise InputError(f"its `pre_fixed_normalizer` is {fixed:g}; give a number above 0, by which to divide the "
                         "loss.")
    if loss_param.has("normalization"):
        return loss_param.normalization
    if loss_param.has("normalize"):
        return "VALID" if loss_param.normalize else "BATCH_SIZE"
    return default


def normalization_divisor(mode: str, outer: int, inner: int, valid: torch.Tensor | None,
                          pre_fixed: float = 1.0) -> float | torch.Tensor:
    """By what to divide the sum of a loss over `outer` x `inner` values; at least 1, as Caffe's get_normalizer has it.

    `valid` is the number of values that are not ignored, as a tensor of no axes, or None if all count. The mode
    PRE_FIXED divides by `pre_fixed`, the option `pre_fixed_normalizer` (R-FCN's and Intel's Caffe).
    """
    if mode == "VALID" and valid is not None:
        return valid.clamp_min(1)
    fixed = {"FULL": outer * inner, "VALID": outer * inner, "BATCH_SIZE": outer, "NONE": 1, "PRE_FIXED": pre_fixed}
    return float(max(1, fixed[mode]))
