"""Scale and Bias: multiply by, or add, one value for each channel, or for whatever axes the value has."""

from __future__ import annotations

import math
from typing import ClassVar

import torch

from ... import schema
from .. import log
from ..blob import Blob
from ..layer import Layer, between
from ..traits import Traits
from .broadcast import learned_shape, spread
from .buffers import KeptInput, scratch_like
from .registry import register
from .scaling import scaled_by_each


class _FactorLayer(Layer):
    """What both share: the factor is the second bottom or, if there is none, the layer's first parameter."""

    bottoms = between(1, 2)
    traits = Traits(keeps_order=True, runs_in_place=True, replayable=True)
    field: ClassVar[str]          # the layer's message in LayerParameter

    @property
    def options(self):
        return getattr(self.param, self.field)

    def setup(self, bottom, top):
        if len(bottom) == 1:
            shape = learned_shape(self.options.axis, self.options.num_axes, bottom[0].shape)
            self.add_parameter(shape, self.factor_filler())

    def factor_filler(self):
        return self.options.filler

    def shapes(self, bottom_shapes):
        factor = bottom_shapes[1] if len(bottom_shapes) > 1 else self.blobs[0].shape
        self.spread = spread(factor, self.options.axis, bottom_shapes[0])
        return bottom_shapes[:1]

    def factor(self, bottom: list[Blob]) -> Blob:
        return bottom[1] if len(bottom) > 1 else self.blobs[0]

    def wants_factor_diff(self, propagate_down: list[bool]) -> bool:
        return propagate_down[1] if len(propagate_down) > 1 else self.needs_diff(0)

    def adds_up(self, bottom: list[Blob]) -> bool:
        """Whether the factor's diff is added to what is there: a parameter's is, a bottom's is not."""
        return len(bottom) == 1

    def write_factor_diff(self, values: torch.Tensor, bottom: list[Blob]) -> None:
        """Sum `values`, shaped as the bottom, into the factor's diff."""
        write = self.spread.add_sum if self.adds_up(bottom) else self.spread.write_sum
        write(values, self.factor(bottom))


@register("Bias")
class Bias(_FactorLayer):
    """y = x + b (src/caffe/layers/bias_layer.cpp)."""

    field = "bias_param"

    def forward(self, bottom, top):
        torch.add(bottom[0].data, self.spread.view(self.factor(bottom).data), out=top[0].data)

    def backward(self, top, propagate_down, bottom):
        if self.wants_factor_diff(propagate_down):
            self.write_factor_diff(top[0].diff, bottom)
        if propagate_down[0] and bottom[0] is not top[0]:
            bottom[0].diff.copy_(top[0].diff)


@register("Scale")
class Scale(_FactorLayer):
    """y = a x, or a x + b with `bias_term`; b is a parameter of the shape of a (src/caffe/layers/scale_layer.cpp).

    With NormFace's `min_value` and `max_value` each forward pass first brings a between these.
    """

    field = "scale_param"

    def setup(self, bottom, top):
        super().setup(bottom, top)
        self.bias: Blob | None = None
        if self.options.bias_term:
            log.creating_layer(self.name)       # the bias
            number_of_axes = len(bottom[1].shape) if len(bottom) > 1 else self.options.num_axes
            shape = learned_shape(self.options.axis, number_of_axes, bottom[0].shape)
            self.bias = self.add_parameter(shape, self.options.bias_filler)
        self._input = KeptInput()
        least, most = (getattr(self.options, field) if self.options.has(field) else None
                       for field in ("min_value", "max_value"))
        self.bounds = None if least is None and most is None else (least, most)

    def shapes(self, bottom_shapes):
        if self.bias is not None:       # a parameter, also where the factor is a bottom, which changes with the first
            spread(self.bias.shape, self.options.axis, bottom_shapes[0])
        return super().shapes(bottom_shapes)

    def factor_filler(self):
        if self.options.has("filler"):
            return self.options.filler
        return schema.view(schema.FillerParameter(type="constant", value=1))

    def adds_up(self, bottom):
        # Caffe writes over a parameter's diff where there is nothing before the factor's axes to sum over (a batch of
        # one), unless all is one sum: gradients collected with `iter_size` are then the last batch's.
        before = math.prod(bottom[0].shape[:self.spread.first])
        one_sum = self.factor(bottom).count == 1 and bottom[0].count > 1
        return super().adds_up(bottom) and (before > 1 or one_sum)

    def forward(self, bottom, top):
        self._input.keep(bottom[0], top[0])
        if self.bounds is not None:
            self.factor(bottom).data.clamp_(*self.bounds)
        out = top[0].data
        scaled_by_each(bottom[0].data, self.spread.view(self.factor(bottom).data), out)
        if self.bias is not None:
            out.add_(self.spread.view(self.bias.data))

    def backward(self, top, propagate_down, bottom):
        diff = top[0].diff
        if self.bias is not None and self.needs_diff(len(self.blobs) - 1):
            self.spread.add_sum(diff, self.bias)
        if self.wants_factor_diff(propagate_down):
            product = torch.mul(diff, self._input.of(bottom[0], top[0]), out=scratch_like(self, diff))
            self.write_factor_diff(product, bottom)
        if propagate_down[0]:
            scaled_by_each(diff, self.spread.view(self.factor(bottom).data), bottom[0].diff)
