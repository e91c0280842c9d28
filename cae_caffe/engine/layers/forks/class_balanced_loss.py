"""ClassBalancedSigmoidCrossEntropyLoss: HED's loss, in which the rarer of edges and others weighs more."""

from __future__ import annotations

from torch.nn import functional

from ...autograd_layer import AutogradLayer
from ...blob import in_rows
from ..loss import LossLayer, in_shape_of, require_same_count
from ..registry import register


@register("ClassBalancedSigmoidCrossEntropyLoss")
class ClassBalancedSigmoidCrossEntropyLoss(AutogradLayer, LossLayer):
    """sum w (softplus(x) - x t) / N over a batch of N, for the targets t that are 0 or 1; others do not count.

    w is for each image the part of the counted targets that are 0 where t is 1, and of those that are 1 where t is 0
    (Xie and Tu 2015). HED calls it SigmoidCrossEntropyLoss, and so it is called in its nets; the net's reader gives it
    this name where it knows that the net is HED's (HED's src/caffe/layers/sigmoid_cross_entropy_loss_layer.cpp, whose
    backward pass has a gradient for targets that are neither).
    """

    def shapes(self, bottom_shapes):
        require_same_count(*bottom_shapes)
        return super().shapes(bottom_shapes)

    def compute(self, bottoms, params):
        x = in_rows(bottoms[0])
        targets = in_rows(in_shape_of(bottoms[1], bottoms[0]))
        edges, others = targets == 1, targets == 0
        counts = edges.sum(1, keepdim=True), others.sum(1, keepdim=True)
        counted = (counts[0] + counts[1]).clamp_min(1)
        weights = (edges * counts[1] + others * counts[0]) / counted
        terms = functional.softplus(x) - x * edges
        return [(weights * terms).sum() / max(1, len(x))]

    def backward(self, top, propagate_down, bottom):
        self.refuse_gradient(propagate_down, 1)
        super().backward(top, propagate_down, bottom)
