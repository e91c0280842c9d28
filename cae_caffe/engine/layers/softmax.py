"""Softmax: values to probabilities along one axis."""

from __future__ import annotations

import torch

from ..axes import canonical_axis
from ..layer import Layer
from .registry import register

aten = torch.ops.aten


@register("Softmax")
class Softmax(Layer):
    """y = exp(x) / sum(exp(x)) along `axis`, without overflow (src/caffe/layers/softmax_layer.cpp)."""

    keeps_order = True

    def shapes(self, bottom_shapes):
        self.axis = canonical_axis(self.param.softmax_param.axis, bottom_shapes[0])
        return super().shapes(bottom_shapes)

    def forward(self, bottom, top):
        torch.softmax(bottom[0].data, self.axis, out=top[0].data)

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            aten._softmax_backward_data.out(top[0].diff, top[0].data, self.axis, torch.float32,
                                            grad_input=bottom[0].diff)
