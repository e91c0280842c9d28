"""WeightedEuclideanLoss: squared distances, each with a weight of its own."""

from __future__ import annotations

from ....errors import InputError
from ...autograd_layer import AutogradLayer
from ...blob import shape_string
from ...layer import exactly
from ..loss import LossLayer
from ..registry import register


@register("WeightedEuclideanLoss")
class WeightedEuclideanLoss(AutogradLayer, LossLayer):
    """sum(w (a - b)**2) / (2 N) over a batch of N, with the weights w in the third bottom (as BVLC's pull request 5852
    has it, src/caffe/layers/weighted_euclidean_loss_layer.cpp).
    """

    bottoms = exactly(3)

    def allows_forced_backward(self, bottom_index):
        return bottom_index != 2

    def shapes(self, bottom_shapes):
        if len(set(bottom_shapes)) > 1:
            raise InputError(f"its bottoms have shapes {', '.join(map(shape_string, bottom_shapes))}; they must agree.")
        return super().shapes(bottom_shapes)

    def compute(self, bottoms, params):
        first, second, weights = bottoms
        return [(weights * (first - second).square()).sum() / (2 * len(first))]

    def backward(self, top, propagate_down, bottom):
        self.refuse_gradient(propagate_down, 2)
        super().backward(top, propagate_down, bottom)
