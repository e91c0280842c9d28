"""Resample: images in another size, by a filter of nearest, linear or cubic kind."""

from __future__ import annotations

import functools
import math

import numpy as np
import torch

from ..registry import register
from .other_size import OtherSizeLayer


@register("Resample")
class Resample(OtherSizeLayer):
    """Images of `height` x `width`, or of the size of a second bottom.

    A pixel of the top lies at (i + 1/2) f - 1/2 in the bottom, f being the bottom's length over the top's. NEAREST
    takes the pixel there, halves rounded up. LINEAR and CUBIC take the mean of those around, weighted by the triangle
    or by Keys' cubic (a = -1/2), over what lies inside; where the top is smaller, and with `antialias`, these are f
    times as wide. No gradient. (FlowNet2's src/caffe/layers/resample_layer.cu. It takes half of the other axis's f,
    and makes the filter narrower than a pixel where one axis grows and the other shrinks; both are mended here.)
    """

    size_fields = ("resample_param", "height", "width")

    @classmethod
    def unsupported(cls, param):
        options = param.resample_param
        complaints = []
        if options.type == "AREA":
            complaints.append("`type: AREA` is not carried out, as in FlowNet2 itself; give LINEAR with `antialias: "
                              "true`")
        if options.factor != 1 and not (options.has("width") and options.has("height")) and len(param.bottom) == 1:
            complaints.append(f"`factor: {options.factor:g}` is not carried out, as in FlowNet2 itself; give `width` "
                              "and `height`")
        return complaints

    def setup(self, bottom, top):
        self.kind = self.param.resample_param.type

    def reshape(self, bottom, top):
        super().reshape(bottom, top)
        lengths = list(zip(bottom[0].shape[2:], top[0].shape[2:]))
        self.antialias = self.param.resample_param.antialias and any(old > new for old, new in lengths)
        self.taps = [tuple(torch.from_numpy(array).to(bottom[0].data.device)
                           for array in _taps(self.kind, old, new, self.antialias)) for old, new in lengths]

    def forward(self, bottom, top):
        values = bottom[0].data
        for axis in (3, 2):
            values = _along(values, axis, self.taps[axis - 2])
        top[0].data.copy_(values)


def _taps(kind: str, old: int, new: int, antialias: bool) -> tuple[np.ndarray, np.ndarray]:
    """For each of `new` places, the pixels it is made of and their weights, as arrays (taps, new)."""
    factor = np.float32(old) / np.float32(new)
    places = np.arange(new, dtype=np.float32) * factor + factor / np.float32(2) - np.float32(0.5)
    nearest = np.floor(places + np.float32(0.5)).astype(np.int64)
    if kind == "NEAREST":
        return nearest.clip(0, old - 1)[None], np.ones((1, new), np.float32)
    width = max(1.0, float(factor)) if antialias else 1.0
    reach = math.ceil((1 if kind == "LINEAR" else 2) * width) + 1
    pixels = nearest + np.arange(-reach, reach + 1)[:, None]
    distances = (places - pixels) / width
    weights = np.where((pixels >= 0) & (pixels < old), _FILTERS[kind](np.abs(distances)), 0)
    used = np.any(weights != 0, axis=1)
    pixels, weights = pixels[used], weights[used]
    return pixels.clip(0, old - 1), (weights / weights.sum(0)).astype(np.float32)


def _cubic(x: np.ndarray) -> np.ndarray:
    inner = x**2 * (1.5 * x - 2.5) + 1
    outer = x * (x * (2.5 - 0.5 * x) - 4) + 2
    return np.where(x <= 1, inner, np.where(x < 2, outer, 0))


_FILTERS = {"LINEAR": lambda x: np.maximum(0, 1 - x), "CUBIC": _cubic}


def _along(values: torch.Tensor, axis: int, taps: tuple[torch.Tensor, ...]) -> torch.Tensor:
    """The values with `axis` resampled; a pixel of weight 0 has no say, even if it is no number."""
    shape = [-1 if i == axis else 1 for i in range(4)]
    terms = [torch.where(weight.reshape(shape) != 0, values.index_select(axis, pixels) * weight.reshape(shape), 0)
             for pixels, weight in zip(*taps)]
    return functools.reduce(torch.Tensor.add_, terms)
