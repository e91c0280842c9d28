"""ClassBalancedSoftmaxWithLoss: DeepSkeleton's loss, in which the rarer of skeletons and background weighs more."""

from __future__ import annotations

import torch

from ..labels import Labels
from ..registry import register
from ..softmax_with_loss import SoftmaxWithLoss


@register("ClassBalancedSoftmaxWithLoss")
class ClassBalancedSoftmaxWithLoss(SoftmaxWithLoss):
    """-sum(b[label] log p[label]), divided as SoftmaxWithLoss's; b is the part of the batch's labels that are not 0 for
    the label 0, and of those that are 0 for all others. A label that is no class, as a prediction with fewer scales
    than the data has, counts as 0.

    In DeepSkeleton's Caffe (zeakey/DeepSkeleton, src/caffe/layers/softmax_loss_layer.cpp) this is SoftmaxWithLoss, as
    which nets with its data layer mean it. Its backward pass weighs each image by what it has seen of the batch so far,
    and divides by 0 where the loss is normalized; here the gradient is the loss's, b counting as constant.
    """

    def _labels(self, data: torch.Tensor) -> Labels:
        labels = super()._labels(torch.where(data < self.classes.number, data, 0))
        foreground = labels.index != 0
        total = foreground.numel() if labels.counted is None else labels.counted.sum()
        share = foreground.sum() / max(total, 1)
        self.weights = (1 - share).repeat(self.classes.number)
        self.weights[0] = share
        return labels
