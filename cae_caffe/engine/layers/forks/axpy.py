"""Axpy: a map scaled by a factor for each channel, and another added."""

from __future__ import annotations

import torch

from ....errors import InputError
from ...blob import shape_string
from ...layer import Layer, exactly
from ...traits import Traits
from ..buffers import scratch_like
from ..registry import register


@register("Axpy")
class Axpy(Layer):
    """top = a x + y, of the bottoms a, x and y: x and y have one shape (N, C, ...), and a, of shape (N, C) or (N, C, 1,
    1), has a factor for each of their channels (SENet's src/caffe/layers/axpy_layer.cpp).
    """

    bottoms = exactly(3)
    traits = Traits(replayable=True)

    def shapes(self, bottom_shapes):
        factor, scaled, added = bottom_shapes
        if scaled != added:
            raise InputError(f"its second and third bottoms have the shapes {shape_string(scaled)} and "
                             f"{shape_string(added)}; what is scaled and what is added must agree.")
        if len(scaled) < 2 or factor[:2] != scaled[:2] or any(length != 1 for length in factor[2:]):
            raise InputError(f"its first bottom has the shape {shape_string(factor)} and its second "
                             f"{shape_string(scaled)}; the first must have one factor for each channel of the second, "
                             "in the shape (N, C) or (N, C, 1, 1).")
        self._spread = scaled[:2] + (1,) * (len(scaled) - 2)
        return [scaled]

    def compute(self, bottoms, params):
        factor, scaled, added = bottoms
        return [torch.addcmul(added, factor.reshape(self._spread), scaled)]

    def forward(self, bottom, top):
        torch.addcmul(bottom[2].data, self._of_channels(bottom[0].data), bottom[1].data, out=top[0].data)

    def backward(self, top, propagate_down, bottom):
        diff = top[0].diff
        if propagate_down[0]:
            product = torch.mul(diff, bottom[1].data, out=scratch_like(self, diff))
            axes = list(range(2, product.dim()))
            total = self._of_channels(bottom[0].diff)
            if axes:
                torch.sum(product, axes, keepdim=True, out=total)
            else:
                total.copy_(product)
        if propagate_down[1]:
            torch.mul(diff, self._of_channels(bottom[0].data), out=bottom[1].diff)
        if propagate_down[2]:
            bottom[2].diff.copy_(diff)

    def _of_channels(self, factors: torch.Tensor) -> torch.Tensor:
        """The factors with as many axes as what they scale."""
        return factors.view(self._spread)
