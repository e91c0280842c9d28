"""LRN: local response normalization, across neighbouring channels or within each channel."""

from __future__ import annotations

import torch

from ...errors import InputError
from .. import chunks
from ..blob import Blob, require_images
from ..layer import Layer
from ..pooling import AveragePooling, Windows
from ..traits import Traits
from .buffers import KeptInput, buffer_like
from .registry import register


class _AcrossChannels:
    """y = x s**-beta, with s = k + alpha / n sum(x**2) over the n channels around each (CrossChannelForward_cpu)."""

    def __init__(self, param, shape, scratch):
        self._size, self._beta, self._k = param.local_size, param.beta, param.k
        self._alpha = param.alpha
        self._scale = torch.empty(0)

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> None:
        self._scale = buffer_like(self._scale, x)
        for data, out, scale in chunks.along_batch(x, y, self._scale):
            padded, squares = self._padded(data)
            torch.mul(data, data, out=squares)
            self._sum_of_neighbours(padded, scale).mul_(self._alpha / self._size).add_(self._k)
            torch.mul(data, _power(scale, self._beta), out=out)

    def backward(self, y: torch.Tensor, y_diff: torch.Tensor, x: torch.Tensor, x_diff: torch.Tensor) -> None:
        factor = -2 * self._alpha * self._beta / self._size
        for data, diff, bottom, out, scale in chunks.along_batch(y, y_diff, x, x_diff, self._scale):
            padded, ratios = self._padded(data)
            torch.mul(data, diff, out=ratios)
            ratios.div_(scale)
            sums = self._sum_of_neighbours(padded, torch.empty_like(data)).mul_(bottom)
            torch.add(_power(scale, self._beta).mul_(diff), sums, alpha=factor, out=out)

    def _padded(self, like: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """New memory with zero channels on both sides, and the view of it between them."""
        batch, channels, height, width = like.shape
        pad = self._size // 2
        padded = like.new_empty(batch, channels + 2 * pad, height, width)
        padded[:, :pad] = 0
        padded[:, pad + channels:] = 0
        return padded, padded[:, pad:pad + channels]

    def _sum_of_neighbours(self, padded: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
        channels = out.shape[1]
        if self._size == 1:
            return out.copy_(padded)
        torch.add(padded[:, :channels], padded[:, 1:1 + channels], out=out)
        for first in range(2, self._size):
            out.add_(padded[:, first:first + channels])
        return out


class _WithinChannel:
    """y = x s**-beta, with s = 1 + alpha times the mean of x**2 in n x n values around each (WithinChannelForward)."""

    def __init__(self, param, shape, scratch):
        self._alpha, self._beta = param.alpha, param.beta
        size, pad = param.local_size, param.local_size // 2
        self._pooling = AveragePooling(Windows(shape[2:], (size, size), (1, 1), (pad, pad), rounds_up=True), scratch)
        self._scale = torch.empty(0)

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> None:
        if self._scale.shape != x.shape:
            self._scale = torch.empty_like(x, memory_format=torch.contiguous_format)
        self._pooling.forward(x.square(), self._scale)
        self._scale.mul_(self._alpha).add_(1)
        torch.mul(x, _power(self._scale, self._beta), out=y)

    def backward(self, y: torch.Tensor, y_diff: torch.Tensor, x: torch.Tensor, x_diff: torch.Tensor) -> None:
        power = _power(self._scale, self._beta)
        by_mean = torch.mul(y_diff, x).mul_(power).div_(self._scale).mul_(-self._alpha * self._beta)
        by_square = torch.empty_like(by_mean)
        self._pooling.backward(by_mean, x, by_square)
        torch.add(power.mul_(y_diff), by_square.mul_(x), alpha=2, out=x_diff)


def _power(scale: torch.Tensor, beta: float) -> torch.Tensor:
    """scale**-beta; roots are faster than the general power for the customary 0.75."""
    if beta != 0.75:
        return torch.pow(scale, -beta)
    root = torch.rsqrt(scale)
    return torch.sqrt(root).mul_(root)


REGIONS: dict[str, type[_AcrossChannels] | type[_WithinChannel]] = {
    "ACROSS_CHANNELS": _AcrossChannels, "WITHIN_CHANNEL": _WithinChannel}


@register("LRN")
class LRN(Layer):
    """Divides each value by a power of the mean square around it (src/caffe/layers/lrn_layer.cpp).

    In place too, where Caffe overwrites what it still needs.
    """

    traits = Traits(keeps_order=True, runs_in_place=True)

    def setup(self, bottom, top):
        size = self.param.lrn_param.local_size
        if size % 2 == 0:
            raise InputError(f"its `local_size` is {size}; it must be odd, so that a value is in the middle.")
        self._input = KeptInput()

    def shapes(self, bottom_shapes):
        shape = bottom_shapes[0]
        require_images(shape, "LRN")
        return [shape]

    def reshape(self, bottom: list[Blob], top: list[Blob]) -> None:
        super().reshape(bottom, top)
        param = self.param.lrn_param
        region = REGIONS[param.norm_region]
        self._region: _AcrossChannels | _WithinChannel = region(param, bottom[0].shape, self.context.scratch)

    def forward(self, bottom, top):
        self._input.keep(bottom[0], top[0])
        self._region.forward(self._input.of(bottom[0], top[0]), top[0].data)

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            x = self._input.of(bottom[0], top[0])
            self._region.backward(top[0].data, top[0].diff, x, bottom[0].diff)
