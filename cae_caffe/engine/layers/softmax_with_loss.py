"""SoftmaxWithLoss: the cross entropy of the labels with the softmax of the predictions."""

from __future__ import annotations

import torch

from .. import log
from ..layer import between
from .labels import Classes, Labels, ignored_label
from .loss import LossLayer, normalization_divisor, normalization_mode
from .registry import register

SMALLEST = torch.finfo(torch.float32).tiny      # no probability counts as less, so that no loss is infinite


@register("SoftmaxWithLoss")
class SoftmaxWithLoss(LossLayer):
    """-sum(log p[label]), divided as `loss_param` says, by default by the number of labels that are not ignored.

    p is the softmax along `axis`, which a second top shows; the gradient is p - 1 for the true class and p for the
    others. (src/caffe/layers/softmax_loss_layer.cpp)
    """

    tops = between(1, 2)

    def setup(self, bottom, top):
        loss_param = self.param.loss_param
        self.mode = normalization_mode(loss_param, "VALID")
        log.creating_layer(self.name)       # the softmax
        self.ignored = ignored_label(loss_param)

    def shapes(self, bottom_shapes):
        first, second = bottom_shapes
        loss_shape = super().shapes(bottom_shapes)
        self.classes = Classes.of(self.param.softmax_param.axis, first, second)
        self._probabilities = torch.empty(0)
        return loss_shape + [first]

    def forward(self, bottom, top):
        if self._probabilities.shape != bottom[0].shape:
            self._probabilities = torch.empty(bottom[0].shape, device=bottom[0].data.device)
        torch.softmax(bottom[0].data, self.classes.axis, out=self._probabilities)
        if len(top) == 2:
            top[1].data.copy_(self._probabilities)
        top[0].data_memory.defer(lambda: self._write_loss(bottom[1], top[0].data))

    def _write_loss(self, label_blob, out: torch.Tensor) -> None:
        labels = Labels(self, label_blob.data, self.classes, self.ignored)
        logarithms = labels.pick(self.classes.view(self._probabilities)).clamp_min_(SMALLEST).log_()
        torch.div(torch.rsub(labels.keep(logarithms).sum(), 0), self._divisor(labels), out=out)

    def backward(self, top, propagate_down, bottom):
        self.refuse_gradient(propagate_down, 1)
        if not propagate_down[0]:
            return
        labels = Labels(self, bottom[1].data, self.classes, self.ignored)
        diff = bottom[0].diff
        diff.copy_(self._probabilities)
        gradient = self.classes.view(diff)
        index = labels.index.unsqueeze(1)
        gradient.scatter_add_(1, index, gradient.new_full((), -1).expand(index.shape))
        labels.keep(gradient).mul_(top[0].diff / self._divisor(labels))
        if not diff.is_contiguous():
            diff.copy_(gradient.view(diff.shape))

    def _divisor(self, labels: Labels):
        return normalization_divisor(self.mode, self.classes.outer, self.classes.inner, labels.number())
