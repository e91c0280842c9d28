"""SigmoidCrossEntropyLoss: the cross entropy of targets in [0, 1] with the sigmoid of the predictions."""

from __future__ import annotations

import math

import torch
from torch.nn import functional

from ..traits import Traits
from .buffers import buffer_like
from .loss import LossLayer, in_shape_of, normalization_divisor, normalization_mode, require_same_count
from .registry import register


@register("SigmoidCrossEntropyLoss")
class SigmoidCrossEntropyLoss(LossLayer):
    """-sum(t log s(x) + (1 - t) log(1 - s(x))), divided as `loss_param` says, by default by the batch.

    The sum is taken as p - x t + log(1 + exp(x - 2 p)) with p = max(x, 0), which neither overflows nor loses digits;
    its gradient is s(x) - t, at 0 too. Of infinite x it is no number
    (src/caffe/layers/sigmoid_cross_entropy_loss_layer.cpp).
    """

    traits = Traits(keeps_order=True, replayable=True)

    def setup(self, bottom, top):
        loss_param = self.param.loss_param
        self.mode = normalization_mode(loss_param, "BATCH_SIZE")
        self.pre_fixed = loss_param.pre_fixed_normalizer
        self.ignored = loss_param.ignore_label if loss_param.has("ignore_label") else None
        self._scale: torch.Tensor | None = None

    def shapes(self, bottom_shapes):
        require_same_count(*bottom_shapes)
        return super().shapes(bottom_shapes)

    def compute(self, bottoms, params):
        x, target = bottoms[0], in_shape_of(bottoms[1], bottoms[0])
        counted = self._counted(target)
        if counted is not None:
            x = torch.where(counted, x, 0)      # what is ignored may be no number
        # Halves of x and |x| rather than a maximum, whose slope at 0 is not the half that the formula's is.
        positive = x * 0.5 + x.abs() * 0.5
        terms = positive - x * target + functional.softplus(torch.sub(x, positive, alpha=2))
        if counted is not None:
            terms = terms * counted
        return [terms.sum() / self._divisor(x, counted)]

    def forward(self, bottom, top):
        top[0].data_memory.defer(lambda: self._write_loss(bottom, top[0].data))

    def _write_loss(self, bottom, out: torch.Tensor) -> None:
        out.copy_(self.compute([blob.data for blob in bottom], [])[0])

    def backward(self, top, propagate_down, bottom):
        self.refuse_gradient(propagate_down, 1)
        if not propagate_down[0]:
            return
        diff, target = bottom[0].diff, in_shape_of(bottom[1].data, bottom[0].data)
        torch.sigmoid(bottom[0].data, out=diff)
        diff.sub_(target)
        counted = self._counted(target)
        if counted is not None:
            diff.masked_fill_(~counted, 0)
        self._scale = buffer_like(self._scale, top[0].diff)
        diff.mul_(torch.div(top[0].diff, self._divisor(diff, counted), out=self._scale))

    def _counted(self, target: torch.Tensor) -> torch.Tensor | None:
        """True for each target that is not `ignore_label`, or None if none is ignored; Caffe truncates targets."""
        return None if self.ignored is None else target.trunc() != self.ignored

    def _divisor(self, x: torch.Tensor, counted: torch.Tensor | None):
        valid = None if counted is None else counted.sum()
        return normalization_divisor(self.mode, x.shape[0], math.prod(x.shape[1:]), valid, self.pre_fixed)
