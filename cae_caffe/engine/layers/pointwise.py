"""Further layers that act on each value alone: AbsVal, BNLL, Clip, ELU, Exp, Log, Power, Swish, Threshold.

All but AbsVal may run in place. Caffe then computes the gradients of BNLL, Clip, Log and Power from what the top has
overwritten the bottom with, and overwrites the diff of Log and Power before it reads it; so does this engine.
"""

from __future__ import annotations

import math

import numpy as np
import torch

from ...errors import InputError
from ..blob import Blob
from ..non_finite import may_hold_non_finite
from ..traits import Traits
from .buffers import buffer_like, scratch_like
from .neuron import NeuronLayer
from .registry import register
from .scaling import scaled

aten = torch.ops.aten


@register("AbsVal")
class AbsVal(NeuronLayer):
    """y = |x| (src/caffe/layers/absval_layer.cpp)."""

    traits = Traits(keeps_order=True)

    def forward(self, bottom, top):
        torch.abs(bottom[0].data, out=top[0].data)

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            torch.sign(bottom[0].data, out=bottom[0].diff).mul_(top[0].diff)


@register("BNLL")
class BNLL(NeuronLayer):
    """y = log(1 + exp(x)) (src/caffe/layers/bnll_layer.cpp)."""

    def forward(self, bottom, top):
        aten.softplus.out(bottom[0].data, out=top[0].data)

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            torch.mul(top[0].diff, torch.sigmoid(bottom[0].data), out=bottom[0].diff)


@register("Clip")
class Clip(NeuronLayer):
    """y = max(min, min(x, max)), `min` where x is no number; the gradient passes from `min` to `max`, both included.

    (src/caffe/layers/clip_layer.cpp)
    """

    def setup(self, bottom, top):
        self.least, self.most = self.param.clip_param.min, self.param.clip_param.max

    def forward(self, bottom, top):
        out = top[0].data
        if may_hold_non_finite(bottom[0].data):
            torch.nan_to_num(bottom[0].data, self.least, posinf=math.inf, neginf=-math.inf, out=out)
            out.clamp_(self.least, max(self.least, self.most))
        else:
            torch.clamp(bottom[0].data, self.least, max(self.least, self.most), out=out)

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            x, inside = bottom[0].data, scratch_like(self, bottom[0].data)
            if self.least <= self.most:
                torch.eq(torch.clamp(x, self.least, self.most, out=inside), x, out=inside)
            else:
                inside.zero_()
            torch.mul(top[0].diff, inside, out=bottom[0].diff)


@register("ELU")
class ELU(NeuronLayer):
    """y = x above 0, alpha (exp(x) - 1) elsewhere (src/caffe/layers/elu_layer.cpp)."""

    def setup(self, bottom, top):
        self.alpha = self.param.elu_param.alpha

    def forward(self, bottom, top):
        aten.elu.out(bottom[0].data, self.alpha, out=top[0].data)

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            x, y = bottom[0].data, top[0].data
            if self.alpha >= 0 and not may_hold_non_finite(y):      # then y <= 0 where x <= 0
                aten.elu_backward.grad_input(top[0].diff, self.alpha, 1, 1, True, y, grad_input=bottom[0].diff)
                return
            slope = (y + self.alpha).mul_(x <= 0).add_(x > 0)
            torch.mul(top[0].diff, slope, out=bottom[0].diff)


def _shifted(x: torch.Tensor, shift: float) -> torch.Tensor:
    """The shift added to `x` in place; nothing for 0, which would turn -0 to 0."""
    return x.add_(shift) if shift else x


def _log_of_base(base: float) -> np.float32:
    """The natural logarithm of a `base`, in Caffe's float32; -1 stands for e. Raises InputError for what has none."""
    if base == -1:
        return np.float32(1)
    if not 0 < base < math.inf:
        raise InputError(f"its `base` is {base:g}; it must be above 0, or -1 for e.")
    return np.log(np.float32(base))


def _multiply_slope(slope: torch.Tensor, top: Blob, bottom: Blob) -> None:
    """The bottom's diff from the top's and dy/dx; in place, Caffe has overwritten the one with the other by now."""
    torch.mul(slope if top is bottom else top.diff, slope, out=bottom.diff)


@register("Exp")
class Exp(NeuronLayer):
    """y = base^(shift + scale x) (src/caffe/layers/exp_layer.cpp)."""

    def setup(self, bottom, top):
        param = self.param.exp_param
        log_base = _log_of_base(param.base)
        self.inner = float(log_base * np.float32(param.scale))
        self.outer = 1.0 if param.shift == 0 else (math.e if param.base == -1 else param.base) ** param.shift

    def forward(self, bottom, top):
        scaled(bottom[0].data, self.inner, out=top[0].data).exp_().mul_(self.outer)

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            scaled(torch.mul(top[0].data, top[0].diff, out=bottom[0].diff), self.inner, out=bottom[0].diff)


@register("Log")
class Log(NeuronLayer):
    """y = log_base(shift + scale x) (src/caffe/layers/log_layer.cpp)."""

    def setup(self, bottom, top):
        param = self.param.log_param
        log_base = float(_log_of_base(param.base))
        if log_base == 0:
            raise InputError("its `base` is 1, to which there are no logarithms; give another, or -1 for e.")
        self.outer, self.scale, self.shift = 1 / log_base, param.scale, param.shift
        self.slope = self.scale / log_base

    def forward(self, bottom, top):
        self._inner(bottom[0].data, out=top[0].data).log_().mul_(self.outer)

    def _inner(self, x: torch.Tensor, out: torch.Tensor | None = None) -> torch.Tensor:
        return _shifted(scaled(x, self.scale, out), self.shift)

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            inverse = self._inner(bottom[0].data).reciprocal_()
            _multiply_slope(scaled(inverse, self.slope, out=inverse), top[0], bottom[0])


@register("Power")
class Power(NeuronLayer):
    """y = (shift + scale x)^power (src/caffe/layers/power_layer.cpp)."""

    def setup(self, bottom, top):
        param = self.param.power_param
        self.power, self.scale, self.shift = param.power, param.scale, param.shift
        self.slope = float(np.float32(self.power) * np.float32(self.scale))
        # With a scale or power of 0 the top is one constant, perhaps infinite or not a number.
        self.constant = torch.tensor(self.shift).pow(self.power).item() if self.slope == 0 else None

    def forward(self, bottom, top):
        if self.constant is not None:
            top[0].data.fill_(self.constant)
            return
        inner = _shifted(scaled(bottom[0].data, self.scale, out=top[0].data), self.shift)
        if self.power != 1:
            inner.pow_(self.power)

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            if self.slope == 0:
                bottom[0].diff.zero_()
            else:
                _multiply_slope(self._slope(bottom[0].data, top[0].data), top[0], bottom[0])

    def _slope(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """dy/dx, by Caffe's formulas: y / (shift + scale x) is not a number where that is 0, but for a square."""
        if self.power == 1:
            return torch.full((), self.slope, device=x.device).expand_as(x)
        if self.power == 2:
            return (x * (self.slope * self.scale)).add_(self.slope * self.shift)
        if self.shift == 0:
            return torch.div(y, x).mul_(self.power)
        return torch.div(y, _shifted(scaled(x, self.scale), self.shift)).mul_(self.slope)


@register("Swish")
class Swish(NeuronLayer):
    """y = x / (1 + exp(-beta x)) (src/caffe/layers/swish_layer.cpp)."""

    def setup(self, bottom, top):
        self.beta = self.param.swish_param.beta
        self._sigmoid: torch.Tensor | None = None

    def forward(self, bottom, top):
        self._sigmoid = buffer_like(self._sigmoid, bottom[0].data)
        scaled(bottom[0].data, self.beta, out=self._sigmoid).sigmoid_()
        torch.mul(bottom[0].data, self._sigmoid, out=top[0].data)

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            inner = top[0].data * self.beta
            torch.mul(top[0].diff, inner + self._sigmoid * (1 - inner), out=bottom[0].diff)


@register("Threshold")
class Threshold(NeuronLayer):
    """y = 1 above `threshold`, else 0; there is no gradient (src/caffe/layers/threshold_layer.cpp)."""

    def setup(self, bottom, top):
        self.threshold = self.param.threshold_param.threshold

    def forward(self, bottom, top):
        top[0].data.copy_(bottom[0].data > self.threshold)

    def backward(self, top, propagate_down, bottom):
        self.refuse_gradient(propagate_down, 0)
