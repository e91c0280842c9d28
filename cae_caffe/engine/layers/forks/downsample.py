"""Downsample: flow in a smaller size, where some of it may be unknown."""

from __future__ import annotations

import torch

from ..registry import register
from .other_size import OtherSizeLayer


@register("Downsample")
class Downsample(OtherSizeLayer):
    """Images of `top_height` x `top_width`, or of the size of a second bottom; corners stay corners.

    Each value is the mean of those within a pixel's distance of the top, weighted by a triangle. Values that are no
    number are left out, and make the result none where they have more than half the weight of the others. A bottom of
    that size already is copied. No gradient. (FlowNet2's src/caffe/layers/downsample_layer.cu. It gives nonsense for a
    top of one row or column, which here is the mean, and for one that is larger, which here is interpolated.)
    """

    size_fields = ("downsample_param", "top_height", "top_width")

    def forward(self, bottom, top):
        image = bottom[0].data
        if bottom[0].shape == top[0].shape:
            top[0].data.copy_(image)
            return
        rows, columns = (weights(old, new, image) for old, new in zip(bottom[0].shape[2:], top[0].shape[2:]))
        unknown = image.isnan()

        def mean_of(values: torch.Tensor) -> torch.Tensor:
            return rows @ values @ columns.T

        weight, missing = mean_of((~unknown).to(image.dtype)), mean_of(unknown.to(image.dtype))
        result = mean_of(image.masked_fill(unknown, 0)) / weight
        top[0].data.copy_(result.masked_fill_(missing / weight > 0.5, float("nan")))


def weights(old: int, new: int, like: torch.Tensor) -> torch.Tensor:
    """The weight that each of `old` pixels has for each of `new` ones, (new, old)."""
    if new == 1:
        return like.new_ones(1, old)
    scale = (old - 1) / (new - 1)
    places = torch.arange(new, dtype=torch.float64, device=like.device) * scale
    distances = (places[:, None] - torch.arange(old, dtype=torch.float64, device=like.device)).abs()
    return (1 - distances / max(1.0, scale)).clamp_min(0).to(like.dtype)
