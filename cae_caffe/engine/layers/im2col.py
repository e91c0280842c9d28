"""Im2col: the windows that a convolution sees, as channels."""

from __future__ import annotations

import itertools
import math

import torch
from torch.nn import functional

from ...errors import InputError
from ..autograd_layer import AutogradLayer
from ..blob import Shape, canonical_axis, shape_string
from .registry import register


@register("Im2col")
class Im2col(AutogradLayer):
    """Each channel becomes one channel for each place of the kernel, holding what it sees there, 0 in the padding.

    Its parameters are those of a convolution, `convolution_param`; the axes behind `axis` are spatial, any number of
    them (src/caffe/layers/im2col_layer.cpp).
    """

    def setup(self, bottom, top):
        shape = bottom[0].shape
        self.axis = canonical_axis(self.param.convolution_param.axis, shape)
        self.spatial_axes = len(shape) - self.axis - 1
        if self.spatial_axes < 1:
            raise InputError(f"its bottom, of shape {shape_string(shape)}, has no spatial axis behind the channel axis "
                             f"{self.axis}; change `axis`, or put a Reshape layer before it.")
        self.kernel = self._lengths("kernel_size", "kernel", default=0, least=1)
        self.stride = self._lengths("stride", "stride", default=1, least=1)
        self.pad = self._lengths("pad", "pad", default=0, least=0)
        self.dilation = self._lengths("dilation", None, default=1, least=1)

    def _lengths(self, name: str, stem: str | None, default: int, least: int) -> Shape:
        """One length for each spatial axis, from the repeated field `name` or the pair `stem`_h and `stem`_w."""
        param, number = self.param.convolution_param, self.spatial_axes
        lengths = tuple(getattr(param, name))
        if stem and (param.has(f"{stem}_h") or param.has(f"{stem}_w")):
            if lengths or number != 2:
                raise InputError(f"it gives `{stem}_h` or `{stem}_w`, {len(lengths)} `{name}` and has {number} spatial "
                                 f"axes; that pair is for two spatial axes, instead of `{name}`.")
            lengths = (getattr(param, f"{stem}_h"), getattr(param, f"{stem}_w"))
        if len(lengths) not in (0, 1, number):
            raise InputError(f"it gives `{name}` {len(lengths)} times; give it once, or once for each of the {number} "
                             "spatial axes.")
        lengths = lengths if len(lengths) == number else (lengths or (default,)) * number
        if min(lengths) < least:
            raise InputError(f"its `{name}` is {list(lengths)}; each length must be at least {least}.")
        return lengths

    def shapes(self, bottom_shapes):
        shape, first = bottom_shapes[0], self.axis + 1
        self._outputs = tuple(
            (length + 2 * pad - dilation * (kernel - 1) - 1) // stride + 1 for length, kernel, stride, pad, dilation
            in zip(shape[first:], self.kernel, self.stride, self.pad, self.dilation))
        if min(self._outputs) < 1:
            raise InputError(f"its kernel {list(self.kernel)} does not fit into a bottom of shape "
                             f"{shape_string(shape)}; use a smaller kernel, or pad.")
        return [shape[:self.axis] + (shape[self.axis] * math.prod(self.kernel),) + self._outputs]

    def compute(self, bottoms, params):
        padded = functional.pad(bottoms[0], [pad for pad in reversed(self.pad) for _ in range(2)])
        seen = [padded[self._slices(place)]
                for place in itertools.product(*map(range, self.kernel))]
        columns = torch.stack(seen, self.axis + 1)
        return [columns.flatten(self.axis, self.axis + 1)]

    def _slices(self, place: tuple[int, ...]) -> tuple:
        """What one place of the kernel sees, behind the axes that are not spatial."""
        return (..., *map(self._slice, place, self.dilation, self.stride, self._outputs))

    @staticmethod
    def _slice(place: int, dilation: int, stride: int, outputs: int) -> slice:
        """What one place of the kernel sees along one axis."""
        start = place * dilation
        return slice(start, start + stride * (outputs - 1) + 1, stride)
