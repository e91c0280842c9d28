"""BatchNorm: zero mean and unit variance for each channel, over the batch or by stored averages."""

from __future__ import annotations

import math

import torch

from ... import schema
from ...errors import InputError
from ..blob import Blob, shape_string
from ..layer import Layer
from ..traits import Traits
from .broadcast import Spread, spread
from .buffers import buffer_like, keep, scratch_like
from .registry import register

# By Caffe's names, what the parameters hold: sums of means and variances, and what to divide both by.
PARAMETERS = 3


@register("BatchNorm")
class BatchNorm(Layer):
    """y = (x - mean) / sqrt(variance + eps), for each channel, axis 1 (src/caffe/layers/batch_norm_layer.cpp).

    Mean and variance are the batch's, unless `use_global_stats` (in phase TEST, if it is not given) asks for the
    averages: blobs 0 and 1, each divided by blob 2. A batch adds its own to them, after `moving_average_fraction` has
    shrunk all three; the variance it adds is the unbiased one. The solver never updates them.
    """

    traits = Traits(keeps_order=True, runs_in_place=True)

    @classmethod
    def complete(cls, message):
        while len(message.param) < PARAMETERS:
            message.param.add(lr_mult=0)

    def setup(self, bottom, top):
        param, shape = self.param.batch_norm_param, bottom[0].shape
        _check(self.param, shape)
        self.channels = shape[1]
        self.eps, self.fraction = param.eps, param.moving_average_fraction
        given = param.has("use_global_stats")
        self.uses_averages = param.use_global_stats if given else self.param.phase == "TEST"
        zero = schema.view(schema.FillerParameter())
        for length in (self.channels, self.channels, 1):
            self.add_parameter((length,), zero)
        self._centered = torch.empty(0)     # the bottom less its mean: what the backward pass needs of it
        self._scale = torch.empty(0)        # by which it was multiplied

    def shapes(self, bottom_shapes):
        shape = bottom_shapes[0]
        if len(shape) < 2 or shape[1] != self.channels:
            raise InputError(f"its bottom now has shape {shape_string(shape)}, and its averages were made for "
                             f"{self.channels} channels on axis 1; reshape the net's input so that they stay.")
        self._spread: Spread = spread((self.channels,), 1, shape)
        self._per_channel = math.prod(shape) // self.channels
        return bottom_shapes

    def forward(self, bottom, top):
        if self.uses_averages:
            self._forward_by_averages(bottom[0], top[0])
        else:
            self._forward_by_batch(bottom[0], top[0])

    def _forward_by_averages(self, bottom: Blob, top: Blob) -> None:
        mean, variance, divisor = (blob.data for blob in self.blobs)
        factor = torch.where(divisor == 0, 0, 1 / divisor)
        self._scale = keep(self._scale, (variance * factor + self.eps).rsqrt_())
        torch.sub(bottom.data, self._spread.view(mean * factor), out=top.data)
        top.data.mul_(self._spread.view(self._scale))

    def _forward_by_batch(self, bottom: Blob, top: Blob) -> None:
        out = top.data
        self._centered = centered = buffer_like(self._centered, out)
        mean = self._mean(bottom.data)
        torch.sub(bottom.data, self._spread.view(mean), out=centered)
        variance = self._mean(torch.mul(centered, centered, out=out))
        self._add_to_averages(mean, variance)
        self._scale = keep(self._scale, (variance + self.eps).rsqrt_())
        torch.mul(centered, self._spread.view(self._scale), out=out)

    def _mean(self, values: torch.Tensor) -> torch.Tensor:
        """Of each channel."""
        return values.sum(self._spread.others).div_(self._per_channel)

    def _add_to_averages(self, mean: torch.Tensor, variance: torch.Tensor) -> None:
        unbiased = self._per_channel / (self._per_channel - 1) if self._per_channel > 1 else 1
        values: tuple[torch.Tensor | int, ...] = (mean, variance, 1)
        for blob, value, factor in zip(self.blobs, values, (1, unbiased, 1)):
            blob.data.mul_(self.fraction).add_(value, alpha=factor)

    def backward(self, top, propagate_down, bottom):
        if not propagate_down[0]:
            return
        diff, out = top[0].diff, bottom[0].diff
        if not self.uses_averages:
            diff = self._less_its_share(diff, out)
        torch.mul(diff, self._spread.view(self._scale), out=out)

    def _less_its_share(self, diff: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
        """`diff` - mean(diff) - y mean(diff y), y being the top; written to `out`, unless that is `diff` itself."""
        if out is diff:
            out = scratch_like(self, diff)
        share = self._mean(torch.mul(self._centered, diff, out=out)).mul_(self._scale).mul_(self._scale)
        torch.mul(self._centered, self._spread.view(share), out=out)
        return torch.sub(diff, out, out=out).sub_(self._spread.view(self._mean(diff)))


def _check(param, shape) -> None:
    if len(shape) < 2:
        raise InputError(f"its bottom has shape {shape_string(shape)}; it needs two axes or more, of which axis 1 is "
                         "the channels.")
    for spec in param.param:
        if spec.lr_mult:
            raise InputError(f"it gives lr_mult {spec.lr_mult:g} in a `param` block, but its averages are no weights "
                             "to be learned; give `lr_mult: 0`, or no `param`.")
