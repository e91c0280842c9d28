"""Dropout: zeroes values at random in phase TRAIN."""

from __future__ import annotations

import numpy as np
import torch

from ...errors import InputError
from ..traits import Traits
from .buffers import buffer_like
from .neuron import NeuronLayer
from .registry import register


@register("Dropout")
class Dropout(NeuronLayer):
    """Each value is zeroed with probability `dropout_ratio`, the others grow so that the mean stays.

    In phase TEST nothing happens. One word of Caffe's stream decides on each value, in the order of the blob's
    logical axes (src/caffe/layers/dropout_layer.cpp).

    Of forks: with `scale_train: false` the values that stay do not grow, and in phase TEST all shrink so instead
    (rbgirshick/caffe-fast-rcnn's file of that name); with `sample_weights_test: true` phase TEST is as phase TRAIN
    (alexgkendall/caffe-segnet's).
    """

    traits = Traits(keeps_order=True, runs_in_place=True, capturable=False)

    def setup(self, bottom, top):
        param = self.param.dropout_param
        ratio = param.dropout_ratio
        self.drops = self.param.phase == "TRAIN" or param.sample_weights_test
        if (self.drops or not param.scale_train) and not 0 <= ratio < 1:
            raise InputError(f"its `dropout_ratio` is {ratio:g}; it must be at least 0 and below 1.")
        self.kept = 1.0 - ratio
        self.scale = float(np.float32(1 / self.kept)) if self.drops else 1.0
        if not param.scale_train:
            self.scale = 1.0 if self.drops else float(np.float32(self.kept))
        self._mask = torch.empty(0)

    def forward(self, bottom, top):
        if self.drops:
            self._draw(bottom[0])
        self._apply(bottom[0].data, top[0].data)

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            self._apply(top[0].diff, bottom[0].diff)

    def _draw(self, blob) -> None:
        """A new mask: `scale` where the value is kept, else 0."""
        kept = self.context.stream().bernoulli_double(blob.count, self.kept)
        self._mask = buffer_like(self._mask, blob.data)
        self._mask.copy_(torch.from_numpy(kept).view(blob.shape)).mul_(self.scale)

    def _apply(self, values: torch.Tensor, out: torch.Tensor) -> None:
        if self.drops:
            torch.mul(values, self._mask, out=out)
        elif self.scale != 1:
            torch.mul(values, self.scale, out=out)
        elif out is not values:
            out.copy_(values)
