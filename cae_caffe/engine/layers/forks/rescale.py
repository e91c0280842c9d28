"""Rescale: the scale of a skeleton as far as a receptive field sees it."""

from __future__ import annotations

import torch

from ....errors import InputError
from ...layer import Layer, between
from ..registry import register

NONE = 1e-4     # up to which a scale is that of no skeleton


@register("Rescale")
class Rescale(Layer):
    """2 x / rf - 1, or 0 where x is `rf` or more, or 0; the second top is 1, or 0 there. No gradient
    (DeepSkeleton's src/caffe/layers/rescale_layer.cpp).
    """

    tops = between(1, 2)

    def allows_forced_backward(self, bottom_index):
        return False

    def setup(self, bottom, top):
        if not self.param.rescale_param.rf:
            raise InputError("`rf: 0` is no receptive field; give its size in pixels.")

    def shapes(self, bottom_shapes):
        return bottom_shapes * 2

    def forward(self, bottom, top):
        scale, field = bottom[0].data, self.param.rescale_param.rf
        seen = ~(scale >= field) & (scale.abs() > NONE)
        top[0].data.copy_(torch.where(seen, 2 * scale / field - 1, 0))
        if len(top) == 2:
            top[1].data.copy_(seen)

    def backward(self, top, propagate_down, bottom):
        self.refuse_gradient(propagate_down, 0)
