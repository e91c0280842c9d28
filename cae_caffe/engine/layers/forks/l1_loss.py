"""L1Loss: the sum of absolute differences, or of the lengths of the vectors of channels."""

from __future__ import annotations

import torch

from ..registry import register
from .difference_loss import DifferenceLoss, difference, divisor


@register("L1Loss")
class L1Loss(DifferenceLoss):
    """sum |d| / N, for the difference d of two bottoms, or one bottom d, over a batch of N.

    With `l2_per_location` it is sum sqrt(s + epsilon) / N, over the places, with s the sum, or the mean with
    `l2_prescale_by_channels`, of d**2 over the channels. Where |d| < `plateau`, or s < plateau**2, d counts as 0.
    Differences that are no number count as 0. With `normalize_by_num_entries` N is the number of those that are
    numbers over the number of channels. (FlowNet2's src/caffe/layers/l1loss_layer.cu, whose gradient at d = 0 is -1,
    not 0, and which writes into its bottom if there is one. NVCaffe's L1Loss is that without options.)
    """

    def compute(self, bottoms, params):
        param = self.param.l1_loss_param
        differences, known = difference(bottoms)
        if param.l2_per_location:
            total = _lengths(differences, param).sum()
        else:
            absolute = differences.abs()
            total = (torch.where(absolute < param.plateau, 0, absolute) if param.plateau > 0 else absolute).sum()
        return [total / divisor(known, param.normalize_by_num_entries)]


def _lengths(differences: torch.Tensor, param) -> torch.Tensor:
    """The smoothed length of the vector of channels at each place."""
    squared = differences.square()
    squared = squared.mean(1) if param.l2_prescale_by_channels else squared.sum(1)
    if param.plateau > 0:
        squared = torch.where(squared < param.plateau**2, 0, squared)
    smoothed = squared + param.epsilon
    zero = smoothed == 0        # where the root has no slope
    return torch.where(zero, 0, torch.where(zero, 1, smoothed).sqrt())
