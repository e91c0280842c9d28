"""Images cut to a size, and less their mean."""

from __future__ import annotations

import torch
from torch import nn


class CaffeMeanImage(nn.Module):
    """A mean image of a shape (C, H, W), whose channels are repeated as long as x has more."""

    mean: torch.Tensor

    def __init__(self, shape):
        super().__init__()
        self.register_buffer("mean", torch.zeros(shape))

    def forward(self, x):
        return self.mean.repeat(x.shape[1] // len(self.mean), 1, 1)


class CaffeRunningMean(nn.Module):
    """Images less a mean of `passes` batches: of each channel, or with `per_pixel` of each pixel.

    For images of another size than `mean_image` its pixels' mean is taken.
    """

    mean: torch.Tensor
    mean_image: torch.Tensor

    def __init__(self, shape, per_pixel=False):
        super().__init__()
        self.per_pixel = per_pixel
        self.register_buffer("passes", torch.zeros(1))
        self.register_buffer("mean_image", torch.zeros(1, *shape))
        self.register_buffer("mean", torch.zeros(1, shape[0], 1, 1))

    def forward(self, x):
        if not self.per_pixel:
            return x - self.mean
        if self.mean_image.shape[2:] != x.shape[2:]:
            return x - self.mean_image.mean((2, 3), keepdim=True)
        return x - self.mean_image


class CaffeCenterCut(nn.Module):
    """The middle of images, of the given `size`; where it begins between two pixels, the mean of both.

    Places stay 1.05 pixels away from the end of a row or column, so that the last pixel has 19 parts of 20.
    """

    def __init__(self, size):
        super().__init__()
        self.size = size

    def forward(self, x):
        for axis, length in zip((2, 3), self.size):
            x = self.cut(x, axis, length)
        return x

    def cut(self, x, axis, length):
        whole = x.shape[axis]
        places = torch.arange(length, dtype=torch.float64, device=x.device) + (whole - length) / 2
        places = places.clamp(0, max(0.0, whole - 1.05)).float()
        first = places.floor().long()
        parts = (places - first).to(x.dtype).reshape((-1,) + (1,) * (3 - axis))
        before, behind = (x.index_select(axis, pixels) for pixels in (first, (first + 1).clamp(max=whole - 1)))
        return before * (1 - parts) + behind * parts
