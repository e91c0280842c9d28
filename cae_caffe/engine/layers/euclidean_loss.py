"""EuclideanLoss: half the mean, over the batch, of the squared distance."""

from __future__ import annotations

import math

import torch

from ...errors import InputError
from ..blob import shape_string
from ..layer import between
from ..traits import Traits
from .loss import LossLayer, in_shape_of
from .registry import register

WEIGHTS = 2     # the bottom of happynear's weights


@register("EuclideanLoss")
class EuclideanLoss(LossLayer):
    """sum((a - b)**2) / (2 N) over a batch of N (src/caffe/layers/euclidean_loss_layer.cpp).

    happynear's fork takes weights w of each value as a third bottom: sum((w (a - b))**2) / (2 N), for which it trains
    with the gradient w (a - b) / N, of a weight that is not squared.
    """

    bottoms = between(2, 3)
    traits = Traits(keeps_order=True, replayable=True)

    def allows_forced_backward(self, bottom_index):
        return bottom_index != WEIGHTS

    def shapes(self, bottom_shapes):
        first, second = bottom_shapes[:WEIGHTS]
        if bottom_shapes[WEIGHTS:] not in ([], [first]):
            raise InputError(f"its third bottom, the weights, has shape {shape_string(bottom_shapes[WEIGHTS])} and its "
                             f"first {shape_string(first)}; they must agree.")
        if math.prod(first[1:]) != math.prod(second[1:]):
            raise InputError(f"its bottoms have shapes {shape_string(first)} and {shape_string(second)}; each row of "
                             "the one must have as many values as a row of the other.")
        return super().shapes(bottom_shapes)

    def compute(self, bottoms, params):
        if len(bottoms) > WEIGHTS:      # what it trains with is not the derivative
            return super().compute(bottoms, params)
        return [self._loss(bottoms)]

    @staticmethod
    def _loss(bottoms: list[torch.Tensor]) -> torch.Tensor:
        difference = bottoms[0] - in_shape_of(bottoms[1], bottoms[0])
        for weights in bottoms[WEIGHTS:]:
            difference = weights * difference
        return difference.square().sum() / (2 * bottoms[0].shape[0])

    def forward(self, bottom, top):
        top[0].data_memory.defer(lambda: self._write_loss(bottom, top[0].data))

    def _write_loss(self, bottom, out: torch.Tensor) -> None:
        out.copy_(self._loss([blob.data for blob in bottom]))

    def backward(self, top, propagate_down, bottom):
        weights = bottom[WEIGHTS:]
        self.refuse_gradient(propagate_down, *range(WEIGHTS, len(bottom)))
        for blob, other, wanted in zip(bottom[:WEIGHTS], bottom[WEIGHTS - 1::-1], propagate_down):
            if wanted:
                torch.sub(blob.data, in_shape_of(other.data, blob.data), out=blob.diff)
                blob.diff.mul_(top[0].diff / blob.shape[0])
                for weight in weights:
                    blob.diff.mul_(in_shape_of(weight.data, blob.data))
