"""MVN: zero mean and unit variance within each image."""

from __future__ import annotations

import math

import torch

from ...errors import InputError
from ..blob import shape_string
from ..layer import Layer
from ..traits import Traits
from .buffers import keep
from .registry import register


@register("MVN")
class MVN(Layer):
    """y = (x - mean) / (deviation + eps), or x - mean without `normalize_variance`.

    Mean and deviation are those of each channel of each image, or of the whole image with `across_channels`. The top
    always has four axes. The gradient takes the deviation with its eps for the deviation, as Caffe does
    (src/caffe/layers/mvn_layer.cpp).
    """

    traits = Traits(runs_in_place=True)
    def setup(self, bottom, top):
        self._deviation = torch.empty(0)

    def adapt(self, bottom, top):
        """At each pass, for in place the top gives the bottom four axes, which a user's reshape takes away again."""
        super().adapt(bottom, top)
        self.reshape(bottom, top)

    def shapes(self, bottom_shapes):
        shape = bottom_shapes[0]
        if len(shape) > 4:
            raise InputError(f"its bottom has shape {shape_string(shape)}; it takes at most four axes.")
        self._groups = shape[:1] if self.param.mvn_param.across_channels else shape[:2]
        return [shape + (1,) * (4 - len(shape))]

    def forward(self, bottom, top):
        x = self._grouped(bottom[0].data)
        result = x - x.mean(1, keepdim=True)
        if self.param.mvn_param.normalize_variance:
            deviation = result.square().mean(1, keepdim=True).sqrt_().add_(self.param.mvn_param.eps)
            self._deviation = keep(self._deviation, deviation)
            result.div_(deviation)
        top[0].data.copy_(result.view(top[0].shape))

    def backward(self, top, propagate_down, bottom):
        if not propagate_down[0]:
            return
        diff = self._grouped(top[0].diff)
        result = diff - diff.mean(1, keepdim=True)
        if self.param.mvn_param.normalize_variance:
            y = self._grouped(top[0].data)
            result.sub_(y * (y * diff).mean(1, keepdim=True)).div_(self._deviation)
        bottom[0].diff.copy_(result.view(bottom[0].shape))

    def _grouped(self, tensor: torch.Tensor) -> torch.Tensor:
        """The tensor as one row for each mean."""
        return tensor.reshape(math.prod(self._groups), math.prod(tensor.shape[len(self._groups):]))
