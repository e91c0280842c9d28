"""Images in another size, where F.interpolate's filters are others."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn


class CaffeAccum(nn.Module):
    """The inputs in one size, by linear interpolation in which corners stay corners, one's channels behind another's.

    The size is the largest height and width of the inputs; or `size`, if neither is below these; or these, rounded up
    to multiples of `divisor`; or, if it `has_reference`, that of the last input, whose channels are left out.
    """

    def __init__(self, size=(0, 0), divisor=1, has_reference=False):
        super().__init__()
        self.size, self.divisor, self.has_reference = size, divisor, has_reference

    def forward(self, *inputs):
        if self.has_reference:
            size, inputs = inputs[-1].shape[2:], inputs[:-1]
        else:
            size = tuple(max(x.shape[axis] for x in inputs) for axis in (2, 3))
            fits = all(wanted >= length for wanted, length in zip(self.size, size))
            size = self.size if fits else tuple(-(-length // self.divisor) * self.divisor for length in size)
        return torch.cat([F.interpolate(x, size, mode="bilinear", align_corners=True) for x in inputs], 1)


class CaffeResample(nn.Module):
    """Images in the given `size`, or in that of a second input.

    A pixel lies at (i + 1/2) f - 1/2 in the input, f being the input's length over the output's. The kind "nearest"
    takes the pixel there, halves rounded up; "linear" and "cubic" the mean of those around, weighted by the triangle or
    by Keys' cubic (a = -1/2), over what lies inside. Where the output is smaller, with `antialias`, these are f times
    as wide.
    """

    def __init__(self, kind, size=None, antialias=False):
        super().__init__()
        self.kind, self.size, self.antialias = kind, size, antialias

    def forward(self, x, like=None):
        size = self.size if like is None else like.shape[2:]
        for axis in (3, 2):
            pixels, weights = self.taps(x, axis, size[axis - 2])
            shape = (-1,) + (1,) * (3 - axis)
            terms = [torch.where(weight.reshape(shape) != 0, x.index_select(axis, pixel) * weight.reshape(shape), 0)
                     for pixel, weight in zip(pixels, weights)]
            x = sum(terms[1:], terms[0])
        return x

    def taps(self, x, axis, new):
        """For each of `new` places along an axis the pixels that it is made of and their weights, both (taps, new)."""
        old, device = x.shape[axis], x.device
        factor = torch.full((1,), float(old), device=device) / new
        places = torch.arange(new, dtype=torch.float32, device=device) * factor + factor / 2 - 0.5
        if self.kind == "nearest":
            nearest = (places + 0.5).floor().long().clamp(0, old - 1)
            return nearest[None], x.new_ones(1, new)
        places = places.double()
        width = max(1.0, old / new) if self.antialias else 1.0
        reach = width if self.kind == "linear" else 2 * width
        pixels = (places - reach).floor().long() + 1 + torch.arange(math.ceil(2 * reach), device=device)[:, None]
        distances = (places - pixels).abs() / width
        is_inside = (pixels >= 0) & (pixels < old)
        weights = torch.where(is_inside, self.filter(distances), 0)
        return pixels.clamp(0, old - 1), (weights / weights.sum(0)).to(x.dtype)

    def filter(self, x):
        """The weight at the distance x."""
        if self.kind == "linear":
            return (1 - x).clamp(min=0)
        inner, outer = x**2 * (1.5 * x - 2.5) + 1, x * (x * (2.5 - 0.5 * x) - 4) + 2
        return torch.where(x <= 1, inner, torch.where(x < 2, outer, 0))


class CaffeDownsample(nn.Module):
    """Images in the given smaller `size`, or in that of a second input; corners stay corners.

    Each value is the mean of those within a pixel's distance of the output, weighted by a triangle. Values that are NaN
    are left out, and make the result NaN where they have more than half the weight of the others.
    """

    def __init__(self, size=None):
        super().__init__()
        self.size = size

    def forward(self, x, like=None):
        size = tuple(self.size if like is None else like.shape[2:])
        if x.shape[2:] == size:
            return x
        rows, columns = (self.weights(old, new, x) for old, new in zip(x.shape[2:], size))
        unknown = x.isnan()
        weight, missing, total = (rows @ part @ columns.T for part in (
            (~unknown).to(x.dtype), unknown.to(x.dtype), x.masked_fill(unknown, 0)))
        return (total / weight).masked_fill(missing / weight > 0.5, float("nan"))

    def weights(self, old, new, like):
        """The weight that each of `old` pixels has for each of `new` ones, (new, old)."""
        if new == 1:
            return like.new_ones(1, old)
        scale = (old - 1) / (new - 1)
        places = torch.arange(new, dtype=torch.float64, device=like.device) * scale
        distances = (places[:, None] - torch.arange(old, dtype=torch.float64, device=like.device)).abs()
        return (1 - distances / max(1.0, scale)).clamp(min=0).to(like.dtype)
