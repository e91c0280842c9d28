"""PReLU: a rectifier whose slope for negative values is learned."""

from __future__ import annotations

import torch

from ... import schema
from ...errors import InputError
from ..blob import shape_string
from ..layer import Layer
from ..non_finite import may_hold_non_finite
from ..traits import Traits
from .broadcast import spread
from .buffers import KeptInput, scratch_like
from .registry import register

aten = torch.ops.aten


@register("PReLU")
class PReLU(Layer):
    """y = max(x, 0) + a min(x, 0), with one a for each channel, or one for all with `channel_shared`.

    a starts as 0.25 unless `filler` says otherwise (src/caffe/layers/prelu_layer.cpp).
    """

    traits = Traits(keeps_order=True, runs_in_place=True)

    def setup(self, bottom, top):
        param, shape = self.param.prelu_param, bottom[0].shape
        if len(shape) < 2:
            raise InputError(f"its bottom has shape {shape_string(shape)}; it needs two axes or more, of which axis 1 "
                             "is the channels.")
        default = schema.FillerParameter(type="constant", value=0.25)
        filler = param.filler if param.has("filler") else schema.view(default)
        self.add_parameter(() if param.channel_shared else shape[1:2], filler)
        self._input = KeptInput()

    def shapes(self, bottom_shapes):
        self._spread = spread(self.blobs[0].shape, 1, bottom_shapes[0])
        return bottom_shapes

    def forward(self, bottom, top):
        self._input.keep(bottom[0], top[0])
        x, slope = bottom[0].data, self._spread.view(self.blobs[0].data)
        negative = torch.clamp_max(x, 0, out=scratch_like(self, x)).mul_(slope)
        torch.clamp_min(x, 0, out=top[0].data).add_(negative)

    def backward(self, top, propagate_down, bottom):
        x, diff, slope = self._input.of(bottom[0], top[0]), top[0].diff, self._spread.view(self.blobs[0].data)
        scratch = scratch_like(self, x)
        exact = may_hold_non_finite(x, diff, slope)
        if self.needs_diff(0):
            # By comparisons, which are 0 for what is no number, and products with them, as in Caffe.
            negative = torch.le(x, 0, out=scratch).mul_(x) if exact else torch.clamp_max(x, 0, out=scratch)
            self._spread.add_sum(negative.mul_(diff), self.blobs[0])
        if not propagate_down[0]:
            return
        if exact:
            torch.mul(diff, torch.le(x, 0, out=scratch).mul_(slope).add_(x > 0), out=bottom[0].diff)
        else:
            positive = aten.threshold_backward.grad_input(diff, x, 0, grad_input=scratch)
            torch.addcmul(positive, torch.sub(diff, positive, out=bottom[0].diff), slope, out=bottom[0].diff)
