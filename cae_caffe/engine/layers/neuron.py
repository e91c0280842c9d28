"""Layers that act on each value alone: Sigmoid, TanH, ReLU. All may run in place."""

from __future__ import annotations

import torch
from torch.nn import functional

from .. import tape
from ..layer import Layer, exactly
from ..non_finite import may_hold_non_finite
from ..traits import Traits
from .registry import register

aten = torch.ops.aten


class NeuronLayer(Layer):
    """One bottom, one top of the same shape, stored in the same order."""

    bottoms = exactly(1)
    tops = exactly(1)
    traits = Traits(keeps_order=True, runs_in_place=True)


@register("Sigmoid")
class Sigmoid(NeuronLayer):
    """y = 1 / (1 + exp(-x)) (src/caffe/layers/sigmoid_layer.cpp)."""

    traits = Traits(keeps_order=True, runs_in_place=True, replayable=True)

    def compute(self, bottoms, params):
        return [torch.sigmoid(bottoms[0])]

    def forward(self, bottom, top):
        torch.sigmoid(bottom[0].data, out=top[0].data)

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            aten.sigmoid_backward.grad_input(top[0].diff, top[0].data, grad_input=bottom[0].diff)


@register("TanH")
class TanH(NeuronLayer):
    """y = tanh(x) (src/caffe/layers/tanh_layer.cpp)."""

    traits = Traits(keeps_order=True, runs_in_place=True, replayable=True)

    def compute(self, bottoms, params):
        return [torch.tanh(bottoms[0])]

    def forward(self, bottom, top):
        torch.tanh(bottom[0].data, out=top[0].data)

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            aten.tanh_backward.grad_input(top[0].diff, top[0].data, grad_input=bottom[0].diff)


@register("ReLU")
class ReLU(NeuronLayer):
    """y = max(x, 0) + negative_slope * min(x, 0) (src/caffe/layers/relu_layer.cpp)."""

    traits = Traits(keeps_order=True, runs_in_place=True, replayable=True)

    def setup(self, bottom, top):
        # Of a slope of 0, too, the product is taken, as in Caffe: it is no number for minus infinity. That of -0 is +0
        # for all that is below 0.
        self.slope = self.param.relu_param.negative_slope or -0.0

    def compute(self, bottoms, params):
        return [functional.leaky_relu(bottoms[0], self.slope)]

    def forward(self, bottom, top):
        aten.leaky_relu.out(bottom[0].data, self.slope, out=top[0].data)

    def backward(self, top, propagate_down, bottom):
        if not propagate_down[0]:
            return
        # In place, bottom[0].data is the top's; its sign, all that counts here, is the bottom's for slopes >= 0.
        data, diff, out = bottom[0].data, top[0].diff, bottom[0].diff
        if not self.slope:
            aten.leaky_relu_backward.grad_input(diff, data, 0.0, False, grad_input=out)
            return

        def pass_down() -> None:
            aten.leaky_relu_backward.grad_input(diff, data, self.slope, False, grad_input=out)
            if may_hold_non_finite(data):
                # Caffe's slope is (x > 0) + negative_slope * (x <= 0), which is 0 where x is no number.
                out.mul_(torch.eq(data, data))

        if data.device.type == "cpu":
            tape.call(pass_down, reads=(data, diff), writes=(out,))     # a recording looks at the values each time
        else:
            pass_down()
