"""SigmoidEuclideanLoss: squared distances, in which the rarer of targets and background weighs more."""

from __future__ import annotations

import torch

from ...blob import in_rows
from ..loss import LossLayer, in_shape_of, require_same_count
from ..registry import register

TARGET = 0.001      # from which on a value is no background


@register("SigmoidEuclideanLoss")
class SigmoidEuclideanLoss(LossLayer):
    """sum w (x - t)**2 / N over a batch of N, w being for each image the part of its pixels that are background
    (t < 0.001) for those that are not, and of those that are not for the background.

    The gradient is that which DeepSkeleton trains with, and not the derivative: w (s(x) - t) / N, with the sigmoid s
    (DeepSkeleton's src/caffe/layers/sigmoid_euclidean_loss_layer.cpp, whose forward pass counts the pixels of the
    images before, too).
    """

    def shapes(self, bottom_shapes):
        require_same_count(*bottom_shapes)
        return super().shapes(bottom_shapes)

    def _weights(self, targets: torch.Tensor) -> torch.Tensor:
        background = targets < TARGET
        part = in_rows(background).float().mean(1).reshape(-1, *(1,) * (targets.dim() - 1))
        return torch.where(background, 1 - part, part)

    def forward(self, bottom, top):
        x, targets = bottom[0].data, in_shape_of(bottom[1].data, bottom[0].data)
        torch.div((self._weights(targets) * (x - targets).square()).sum(), len(x), out=top[0].data)

    def backward(self, top, propagate_down, bottom):
        self.refuse_gradient(propagate_down, 1)
        if propagate_down[0]:
            x, targets = bottom[0].data, in_shape_of(bottom[1].data, bottom[0].data)
            slopes = self._weights(targets) * (torch.sigmoid(x) - targets)
            torch.mul(slopes, top[0].diff / len(x), out=bottom[0].diff)
