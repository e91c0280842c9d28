"""L1Loss: the sum of absolute differences, or of the lengths of the vectors of channels."""

from __future__ import annotations

import torch

from ....errors import InputError
from ...autograd_layer import AutogradLayer
from ...blob import shape_string
from ...layer import between
from ..loss import LossLayer
from ..registry import register


@register("L1Loss")
class L1Loss(AutogradLayer, LossLayer):
    """sum |d| / N, for the difference d of two bottoms, or one bottom d, over a batch of N.

    With `l2_per_location` it is sum sqrt(s + epsilon) / N, over the places, with s the sum, or the mean with
    `l2_prescale_by_channels`, of d**2 over the channels. Where |d| < `plateau`, or s < plateau**2, d counts as 0.
    Differences that are no number count as 0. With `normalize_by_num_entries` N is the number of those that are
    numbers over the number of channels. (FlowNet2's src/caffe/layers/l1loss_layer.cu, whose gradient at d = 0 is -1,
    not 0, and which writes into its bottom if there is one. NVCaffe's L1Loss is that without options.)
    """

    bottoms = between(1, 2)

    def allows_forced_backward(self, bottom_index):
        return True

    def shapes(self, bottom_shapes):
        first = bottom_shapes[0]
        if len(first) < 2:
            raise InputError(f"its bottom has shape {shape_string(first)}; it must have a batch and channels, at least "
                             "2 axes.")
        if first != bottom_shapes[-1]:
            raise InputError(f"its bottoms have shapes {shape_string(first)} and {shape_string(bottom_shapes[1])}; "
                             "they must agree.")
        return [()]

    def compute(self, bottoms, params):
        param = self.param.l1_loss_param
        difference = bottoms[0] - bottoms[1] if len(bottoms) == 2 else bottoms[0]
        known = ~difference.isnan()
        difference = torch.where(known, difference, 0)
        if param.l2_per_location:
            total = _lengths(difference, param).sum()
        else:
            absolute = difference.abs()
            total = (torch.where(absolute < param.plateau, 0, absolute) if param.plateau > 0 else absolute).sum()
        return [total / _entries(known, param)]


def _lengths(difference: torch.Tensor, param) -> torch.Tensor:
    """The smoothed length of the vector of channels at each place."""
    squared = difference.square()
    squared = squared.mean(1) if param.l2_prescale_by_channels else squared.sum(1)
    if param.plateau > 0:
        squared = torch.where(squared < param.plateau**2, 0, squared)
    smoothed = squared + param.epsilon
    zero = smoothed == 0        # where the root has no slope
    return torch.where(zero, 0, torch.where(zero, 1, smoothed).sqrt())


def _entries(known: torch.Tensor, param) -> float | torch.Tensor:
    """By what the loss is divided."""
    if param.normalize_by_num_entries:
        return known.sum().clamp_min(1) / known.shape[1]
    return max(1, known.shape[0])
