"""ReLU6: a ReLU that ends at 6."""

from __future__ import annotations

import torch

from ..buffers import KeptInput, scratch_like
from ..neuron import ReLU
from ..registry import register

aten = torch.ops.aten
TOP = 6.0


@register("ReLU6")
class ReLU6(ReLU):
    """y = min(max(x, 0) + negative_slope min(x, 0), 6) (MobileNet-YOLO's src/caffe/layers/relu6_layer.cpp).

    With a negative slope, of which the top may end at 6 too, the gradient is that of the formula; the fork's is not,
    neither there nor in place.
    """

    def setup(self, bottom, top):
        self.slope = self.param.relu6_param.negative_slope or -0.0      # of minus infinity, as in ReLU
        self._input = KeptInput()

    def compute(self, bottoms, params):
        return [torch.clamp_max(super().compute(bottoms, params)[0], TOP)]

    def forward(self, bottom, top):
        if self.slope < 0:      # else the top has the sign that counts
            self._input.keep(bottom[0], top[0])
        super().forward(bottom, top)
        top[0].data.clamp_max_(TOP)

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            data = self._input.of(bottom[0], top[0]) if self.slope < 0 else bottom[0].data
            below = torch.lt(top[0].data, TOP, out=scratch_like(self, data))
            aten.leaky_relu_backward.grad_input(top[0].diff, data, self.slope, False, grad_input=bottom[0].diff)
            bottom[0].diff.mul_(below)
