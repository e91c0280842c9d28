"""PyTorch's own convolution: every geometry, and every device."""

from __future__ import annotations

import torch

from .kernel import Kernel, deliver, megaflops


class NativeKernel(Kernel):
    """What PyTorch does with the layer. Its operators return new tensors, so each result is copied once."""

    replayable = False      # replaying would copy each result once more

    def forward(self, bottom, weight, bias, top):
        top.copy_(torch.ops.aten.convolution.default(bottom, weight, bias, *self._arguments()))

    def backward(self, top_diff, bottom, weight, *, bottom_diff=None, weight_diff=None, bias_diff=None,
                 accumulate=False):
        wanted = [bottom_diff is not None, weight_diff is not None, bias_diff is not None]
        bias_shape = None if bias_diff is None else list(bias_diff.shape)
        results = torch.ops.aten.convolution_backward.default(
            top_diff, bottom, weight, bias_shape, *self._arguments(), wanted)
        if bottom_diff is not None:
            bottom_diff.copy_(results[0])
        for result, target in zip(results[1:], (weight_diff, bias_diff)):
            if target is not None:
                deliver(result, target, accumulate)

    def describe(self):
        return f"native: {megaflops(self.geometry.direct_flops)} a step"

    def _arguments(self) -> tuple:
        geometry = self.geometry
        no_output_padding = [0, 0]
        return (geometry.stride, geometry.pad, geometry.dilation, geometry.transposed, no_output_padding,
                geometry.group)
