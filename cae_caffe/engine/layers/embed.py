"""Embed: a learned vector for each whole number."""

from __future__ import annotations

import torch

from ...errors import InputError
from ..layer import Layer
from .buffers import keep
from .registry import register
from .rows import row_numbers


@register("Embed")
class Embed(Layer):
    """Each value of the bottom, 0 to `input_dim` - 1, becomes that row of the weights, plus b if `bias_term`.

    Weights are (input_dim, num_output), b is (num_output,) (src/caffe/layers/embed_layer.cpp).
    """

    def setup(self, bottom, top):
        param = self.param.embed_param
        for name in ("num_output", "input_dim"):
            if getattr(param, name) < 1:
                raise InputError(f"its `{name}` is {getattr(param, name)}; it must be at least 1.")
        self.add_parameter((param.input_dim, param.num_output), param.weight_filler)
        if param.bias_term:
            self.add_parameter((param.num_output,), param.bias_filler)
        self._rows = torch.empty(0, dtype=torch.int64)

    def shapes(self, bottom_shapes):
        return [bottom_shapes[0] + (self.param.embed_param.num_output,)]

    def forward(self, bottom, top):
        weight = self.blobs[0].data
        self._rows = keep(self._rows, row_numbers(self, bottom[0], len(weight)))
        out = top[0].data.view(-1, weight.shape[1])
        torch.index_select(weight, 0, self._rows, out=out)
        if len(self.blobs) > 1:
            out.add_(self.blobs[1].data)

    def backward(self, top, propagate_down, bottom):
        self.refuse_gradient(propagate_down, 0)
        diff = top[0].diff.reshape(len(self._rows), -1)
        if self.needs_diff(0):
            target, add = self.blobs[0].diff_to_add_to()
            if not add:
                target.zero_()
            target.index_add_(0, self._rows, diff)
        if self.needs_diff(1):
            target, add = self.blobs[1].diff_to_add_to()
            target.add_(diff.sum(0)) if add else torch.sum(diff, 0, out=target)
