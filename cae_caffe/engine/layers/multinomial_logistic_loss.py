"""MultinomialLogisticLoss: the cross entropy of the labels with predictions that are probabilities already."""

from __future__ import annotations

import math

import torch

from ...errors import InputError
from ..blob import shape_string
from .labels import Classes, Labels
from .loss import LOG_THRESHOLD, LossLayer
from .registry import register


@register("MultinomialLogisticLoss")
class MultinomialLogisticLoss(LossLayer):
    """-sum(log p[label]) / N over a batch of N; all values of a row are classes.

    (src/caffe/layers/multinomial_logistic_loss_layer.cpp)
    """

    def shapes(self, bottom_shapes):
        loss_shape = super().shapes(bottom_shapes)
        first, second = bottom_shapes
        if math.prod(second[1:]) != 1:
            raise InputError(f"its labels have shape {shape_string(second)}; there must be one for each row.")
        self.classes = Classes(1, first[0], math.prod(first[1:]), 1)
        return loss_shape

    def forward(self, bottom, top):
        top[0].data_memory.defer(lambda: self._write_loss(bottom, top[0].data))

    def _write_loss(self, bottom, out: torch.Tensor) -> None:
        _, probabilities = self._true(bottom)
        out.copy_(torch.rsub(probabilities.log_().sum(), 0) / self.classes.outer)

    def _true(self, bottom) -> tuple[torch.Tensor, torch.Tensor]:
        """The labels (N, 1), and the probabilities given to them."""
        labels = Labels(self, bottom[1].data, self.classes)
        return labels.index, labels.pick(self.classes.view(bottom[0].data)).clamp_min_(LOG_THRESHOLD)

    def backward(self, top, propagate_down, bottom):
        self.refuse_gradient(propagate_down, 1)
        if not propagate_down[0]:
            return
        index, probabilities = self._true(bottom)
        slopes = torch.div(top[0].diff.neg() / self.classes.outer, probabilities)
        gradient = torch.zeros(self.classes.outer, self.classes.number, device=slopes.device)
        bottom[0].diff.copy_(gradient.scatter_(1, index, slopes).view(bottom[0].shape))
