"""PReLU: a rectifier whose slope for negative values is learned."""

from __future__ import annotations

import torch

from ... import schema
from ...errors import InputError
from ..blob import shape_string
from ..layer import Layer
from ..traits import Traits
from .broadcast import spread
from .buffers import KeptInput, buffer_like, scratch_like
from .registry import register


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
        self._slope: torch.Tensor | None = None

    def shapes(self, bottom_shapes):
        self._spread = spread(self.blobs[0].shape, 1, bottom_shapes[0])
        return bottom_shapes

    def forward(self, bottom, top):
        self._input.keep(bottom[0], top[0])
        x, slope = bottom[0].data, self._spread.view(self.blobs[0].data)
        negative = torch.clamp_max(x, 0, out=scratch_like(self, x)).mul_(slope)
        torch.clamp_min(x, 0, out=top[0].data).add_(negative)

    def backward(self, top, propagate_down, bottom):
        x, diff = self._input.of(bottom[0], top[0]), top[0].diff
        scratch = scratch_like(self, x)
        # By comparisons, which are 0 for what is no number, and products with them, as in Caffe.
        if self.needs_diff(0):
            self._spread.add_sum(torch.le(x, 0, out=scratch).mul_(x).mul_(diff), self.blobs[0])
        if propagate_down[0]:
            self._slope = buffer_like(self._slope, x)
            torch.le(x, 0, out=self._slope).mul_(self._spread.view(self.blobs[0].data))
            torch.mul(diff, self._slope.add_(torch.gt(x, 0, out=scratch)), out=bottom[0].diff)
