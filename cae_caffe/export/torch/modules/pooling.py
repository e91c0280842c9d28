"""Pooling with Caffe's windows, where PyTorch's are others."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn


class CaffePool(nn.Module):
    """Base of poolings of (N, C, ...) with Caffe's windows, whatever the padding and the stride.

    `kernel`, `stride`, `padding` and `dilation` have a number for each axis behind the channels; `kernel` is None for
    the whole image. With `ceil_mode` a window that reaches beyond the padding counts, but with padding none that begins
    behind the image.
    """

    def __init__(self, kernel, stride, padding, dilation, ceil_mode=True):
        super().__init__()
        self.kernel, self.stride, self.padding, self.dilation = kernel, stride, padding, dilation
        self.ceil_mode = ceil_mode

    def windows(self, size):
        """For each axis of an image of this size: the windows' number, and how far one reaches."""
        kernel = self.kernel or size
        extents = [(length - 1) * dilation + 1 for length, dilation in zip(kernel, self.dilation)]
        numbers = []
        for length, extent, stride, pad in zip(size, extents, self.stride, self.padding):
            space = length + 2 * pad - extent
            number = (-(-space // stride) if self.ceil_mode else space // stride) + 1
            begins_behind = (number - 1) * stride >= length + pad
            numbers.append(number - 1 if any(self.padding) and begins_behind else number)
        return numbers, extents

    def padded(self, x, value):
        """`x` with `value` around it, cut or filled up to what the windows cover."""
        size = x.shape[2:]
        numbers, extents = self.windows(size)
        borders: list[int] = []
        for length, number, extent, stride, pad in zip(size, numbers, extents, self.stride, self.padding):
            borders = [pad, (number - 1) * stride + extent - length - pad, *borders]
        return F.pad(x, borders, value=value)

    def patches(self, x):
        """The values of each window, zeros in the padding: (N, C, windows ..., values of a window)."""
        axes = x.dim() - 2
        extents = self.windows(x.shape[2:])[1]
        x = self.padded(x, 0)
        for axis in range(axes):
            x = x.unfold(2 + axis, extents[axis], self.stride[axis])[..., ::self.dilation[axis]]
        return x.flatten(2 + axes)


class CaffeMaxPool(CaffePool):
    """The largest value of each window; with `return_indices` also its place in its image, -1 beside the image."""

    def __init__(self, kernel, stride, padding, dilation, ceil_mode=True, return_indices=False):
        super().__init__(kernel, stride, padding, dilation, ceil_mode)
        self.return_indices = return_indices

    def forward(self, x):
        padded = self.padded(x, torch.finfo(x.dtype).min)
        pool = F.max_pool2d if x.dim() == 4 else F.max_pool3d
        kernel = self.kernel or tuple(x.shape[2:])
        y, places = pool(padded, kernel, self.stride, 0, self.dilation, return_indices=True)
        return (y, self.in_image(places, padded.shape[2:], x.shape[2:])) if self.return_indices else y

    def in_image(self, places, padded_size, size):
        """Places in the padded image as places in the image, floats."""
        found, step, inside = torch.zeros_like(places), 1, torch.ones_like(places, dtype=torch.bool)
        for padded_length, length, pad in zip(reversed(padded_size), reversed(size), reversed(self.padding)):
            place = places % padded_length - pad
            places = torch.div(places, padded_length, rounding_mode="floor")
            inside = inside & (place >= 0) & (place < length)
            found = found + place * step
            step = step * length
        return torch.where(inside, found, -1).float()


class CaffeAvgPool(CaffePool):
    """The sum of each window, divided by how many of its values lie within image and padding."""

    def forward(self, x):
        return self.patches(x).sum(-1) / self.areas(x)

    def areas(self, x):
        """By what each window's sum is divided, (windows ...)."""
        size, areas = x.shape[2:], x.new_ones(())
        numbers, extents = self.windows(size)
        for axis, (number, extent) in enumerate(zip(numbers, extents)):
            stride, pad, dilation = self.stride[axis], self.padding[axis], self.dilation[axis]
            starts = [place * stride - pad for place in range(number)]
            counts = [math.ceil((min(start + extent, size[axis] + pad) - start) / dilation) for start in starts]
            areas = areas.unsqueeze(-1) * x.new_tensor(counts)
        return areas


class CaffeStochasticPool(CaffePool):
    """In training one value of each window, drawn with a probability in proportion to it; else their so weighted mean.

    Values must not be negative.
    """

    def forward(self, x):
        patches = self.patches(x)
        totals = patches.sum(-1)
        if self.training:
            drawn = torch.rand_like(totals) * totals
            chosen = (patches.cumsum(-1) >= drawn.unsqueeze(-1)).to(torch.uint8).argmax(-1, keepdim=True)
            return patches.gather(-1, chosen).squeeze(-1)
        weighted = (patches * patches).sum(-1)
        return torch.where(totals > 0, weighted / totals.where(totals > 0, 1), 0)
