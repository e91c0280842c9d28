"""SoftmaxWithLossOHEM: SoftmaxWithLoss by the name under which R-FCN's Caffe shows the loss of each example."""

from __future__ import annotations

from ..registry import register
from ..softmax_with_loss import SoftmaxWithLoss


@register("SoftmaxWithLossOHEM")
class SoftmaxWithLossOHEM(SoftmaxWithLoss):
    """As SoftmaxWithLoss, whose third top has the loss of each label, 0 if it is ignored, before it is divided.

    (softmax_loss_ohem_layer.cu of Microsoft/caffe; Intel's softmax_loss_ohem_layer.cpp, which misplaces the losses
    behind an ignored label)
    """
