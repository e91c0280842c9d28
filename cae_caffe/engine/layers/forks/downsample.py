"""Downsample: flow in a smaller size, where some of it may be unknown."""

from __future__ import annotations

import torch

from ....errors import InputError
from ...blob import require_images
from ...layer import Layer, between
from ..registry import register


@register("Downsample")
class Downsample(Layer):
    """Images of `top_height` x `top_width`, or of the size of a second bottom; corners stay corners.

    Each value is the mean of those within a pixel's distance of the top, weighted by a triangle. Values that are no
    number are left out, and make the result none where they have more than half the weight of the others. A bottom of
    that size already is copied. No gradient. (FlowNet2's src/caffe/layers/downsample_layer.cu. It gives nonsense for a
    top of one row or column, which here is the mean, and for one that is larger, which here is interpolated.)
    """

    bottoms = between(1, 2)

    def allows_forced_backward(self, bottom_index):
        return False

    def shapes(self, bottom_shapes):
        image = bottom_shapes[0]
        require_images(image, "Downsample")
        if len(bottom_shapes) == 2:
            require_images(bottom_shapes[1], "Downsample")
            return [(*image[:2], *bottom_shapes[1][2:])]
        size = self.param.downsample_param.top_height, self.param.downsample_param.top_width
        if 0 in size:
            raise InputError(f"its `downsample_param` says `top_height: {size[0]}` and `top_width: {size[1]}`; give "
                             "both, at least 1, or a second bottom of the size that is wanted.")
        return [(*image[:2], *size)]

    def forward(self, bottom, top):
        image = bottom[0].data
        if bottom[0].shape == top[0].shape:
            top[0].data.copy_(image)
            return
        rows, columns = (_weights(old, new, image) for old, new in zip(bottom[0].shape[2:], top[0].shape[2:]))
        unknown = image.isnan()

        def mean_of(values: torch.Tensor) -> torch.Tensor:
            return rows @ values @ columns.T

        weight, missing = mean_of((~unknown).to(image.dtype)), mean_of(unknown.to(image.dtype))
        result = mean_of(image.masked_fill(unknown, 0)) / weight
        top[0].data.copy_(result.masked_fill_(missing / weight > 0.5, float("nan")))

    def backward(self, top, propagate_down, bottom):
        self.refuse_gradient(propagate_down, *range(len(bottom)))


def _weights(old: int, new: int, like: torch.Tensor) -> torch.Tensor:
    """The weight that each of `old` pixels has for each of `new` ones, (new, old)."""
    if new == 1:
        return like.new_ones(1, old)
    scale = (old - 1) / (new - 1)
    places = torch.arange(new, dtype=torch.float64, device=like.device) * scale
    distances = (places[:, None] - torch.arange(old, dtype=torch.float64, device=like.device)).abs()
    return (1 - distances / max(1.0, scale)).clamp_min(0).to(like.dtype)
