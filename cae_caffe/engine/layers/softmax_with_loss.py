"""SoftmaxWithLoss: the cross entropy of the labels with the softmax of the predictions."""

from __future__ import annotations

import torch

from ...errors import InputError
from .. import log
from ..blob import shape_string
from ..layer import between
from .labels import Classes, Labels, ignored_label
from .loss import LossLayer, normalization_divisor, normalization_mode
from .registry import register
from .softmax import unsupported_normalization

SMALLEST = torch.finfo(torch.float32).tiny      # no probability counts as less, so that no loss is infinite


@register("SoftmaxWithLoss")
class SoftmaxWithLoss(LossLayer):
    """-sum(log p[label]), divided as `loss_param` says, by default by the number of labels that are not ignored.

    p is the softmax along `axis`, which a second top shows; the gradient is p - 1 for the true class and p for the
    others. (src/caffe/layers/softmax_loss_layer.cpp) With SegNet's `weight_by_label_freqs` each label's part of the
    loss is multiplied by the `class_weighting` of its class, and the divisor stays as it is. A third top, R-FCN's,
    shows the parts before they are divided, in the shape of the labels, and has no gradient.
    """

    tops = between(1, 3)

    @classmethod
    def unsupported(cls, param):
        return unsupported_normalization(param)

    def setup(self, bottom, top):
        loss_param = self.param.loss_param
        self.mode = normalization_mode(loss_param, "VALID")
        log.creating_layer(self.name)       # the softmax
        self.ignored = ignored_label(loss_param)
        self.pre_fixed = loss_param.pre_fixed_normalizer
        # Without the switch SegNet's weights count for nothing.
        self.weights = torch.tensor(loss_param.class_weighting, device=bottom[0].data.device) \
            if loss_param.weight_by_label_freqs else None

    def shapes(self, bottom_shapes):
        first, second = bottom_shapes
        loss_shape = super().shapes(bottom_shapes)
        self.classes = Classes.of(self.param.softmax_param.axis, first, second)
        if self.weights is not None and len(self.weights) != self.classes.number:
            raise InputError(f"it gives `class_weighting` {len(self.weights)} times, and its predictions, of shape "
                             f"{shape_string(first)}, have {self.classes.number} classes on axis {self.classes.axis}; "
                             "with `weight_by_label_freqs` give it once for each class.")
        self._probabilities = torch.empty(0)
        return loss_shape + [first, second]

    def forward(self, bottom, top):
        if self._probabilities.shape != bottom[0].shape:
            self._probabilities = torch.empty(bottom[0].shape, device=bottom[0].data.device)
        torch.softmax(bottom[0].data, self.classes.axis, out=self._probabilities)
        if len(top) >= 2:
            top[1].data.copy_(self._probabilities)
        if len(top) == 3:
            labels = self._labels(bottom[1].data)
            top[2].data.copy_(self._logarithms(labels).neg_().view(top[2].shape))
        top[0].data_memory.defer(lambda: self._write_loss(bottom[1], top[0].data))

    def _labels(self, data: torch.Tensor) -> Labels:
        return Labels(self, data, self.classes, self.ignored)

    def _write_loss(self, label_blob, out: torch.Tensor) -> None:
        labels = self._labels(label_blob.data)
        torch.div(torch.rsub(self._logarithms(labels).sum(), 0), self._divisor(labels), out=out)

    def _logarithms(self, labels: Labels) -> torch.Tensor:
        """The logarithm of p[label], weighted, and 0 where the label is not counted: (outer, inner)."""
        logarithms = labels.pick(self.classes.view(self._probabilities)).clamp_min_(SMALLEST).log_()
        if self.weights is not None:
            logarithms.mul_(self.weights[labels.index])
        return labels.keep(logarithms)

    def backward(self, top, propagate_down, bottom):
        self.refuse_gradient(propagate_down, 1)
        if not propagate_down[0]:
            return
        labels = self._labels(bottom[1].data)
        diff = bottom[0].diff
        diff.copy_(self._probabilities)
        gradient = self.classes.view(diff)
        index = labels.index.unsqueeze(1)
        gradient.scatter_add_(1, index, gradient.new_full((), -1).expand(index.shape))
        if self.weights is not None:
            gradient.mul_(self.weights[index])
        labels.keep(gradient).mul_(top[0].diff / self._divisor(labels))
        if not diff.is_contiguous():
            diff.copy_(gradient.view(diff.shape))

    def _divisor(self, labels: Labels):
        return normalization_divisor(self.mode, self.classes.outer, self.classes.inner, labels.number(),
                                     self.pre_fixed)
