"""Accuracy: how often the label is among the best predictions."""

from __future__ import annotations

import torch

from ...errors import InputError
from ..blob import shape_string
from ..layer import Layer, between, exactly
from .labels import Classes, Labels, ignored_label
from .registry import register


@register("Accuracy")
class Accuracy(Layer):
    """The part of the labels for which fewer than `top_k` other classes score as high; a second top gives it by class.

    Labels equal to `ignore_label` do not count; where no label counts, the accuracy is 0. With `min_is_better`, for
    predictions that are distances, the least are best (happynear's caffe-windows).
    (src/caffe/layers/accuracy_layer.cpp)
    """

    bottoms = exactly(2)
    tops = between(1, 2)

    def setup(self, bottom, top):
        self.top_k = self.param.accuracy_param.top_k
        self.ignored = ignored_label(self.param.accuracy_param)
        self.is_as_good = torch.le if self.param.accuracy_param.min_is_better else torch.ge

    def shapes(self, bottom_shapes):
        first, second = bottom_shapes
        self.classes = Classes.of(self.param.accuracy_param.axis, first, second)
        if self.top_k > self.classes.number:
            raise InputError(f"its `top_k` is {self.top_k}, and its predictions, of shape {shape_string(first)}, have "
                             f"{self.classes.number} classes on axis {self.classes.axis}; give at most as many.")
        return [(), (self.classes.number,)]

    def forward(self, bottom, top):
        if len(top) == 1:
            top[0].data_memory.defer(lambda: self._write(bottom, top))
        else:
            self._write(bottom, top)

    def _write(self, bottom, top) -> None:
        labels = Labels(self, bottom[1].data, self.classes, self.ignored)
        scores = self.classes.view(bottom[0].data)
        as_good = self.is_as_good(scores, labels.pick(scores).unsqueeze(1)).sum(1)        # the true class itself, too
        counted = torch.ones_like(as_good, dtype=torch.bool) if labels.counted is None else labels.counted
        right = (as_good <= self.top_k) & counted
        torch.div(right.sum(), counted.sum().clamp_min(1), out=top[0].data.view(()))
        if len(top) == 2:
            rights, total = (self._by_class(labels, which) for which in (right, counted))
            torch.div(rights, total.clamp_min(1), out=top[1].data)

    def _by_class(self, labels: Labels, which: torch.Tensor) -> torch.Tensor:
        counts = torch.zeros(self.classes.number, device=which.device)
        return counts.scatter_add_(0, labels.index.flatten(), which.flatten().to(counts.dtype))

    def backward(self, top, propagate_down, bottom):
        self.refuse_gradient(propagate_down, 0, 1)
