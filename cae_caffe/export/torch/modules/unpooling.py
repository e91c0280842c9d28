"""What pooling made small, large again, where nn.MaxUnpool2d is not it."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn


class CaffePut(nn.Module):
    """Base of what puts values at places of larger planes."""

    def put(self, x, places, size):
        """Planes of `size`, zeros but for the values of x, each at its place (N or 1, C or 1, values).

        The last of several at one place stays there, and it alone has a gradient.
        """
        values = x.flatten(2)
        places = places.expand_as(values)
        numbers = torch.arange(values.shape[2], device=x.device).expand_as(values)
        planes = x.new_zeros(x.shape[0], x.shape[1], size[0] * size[1])
        last = planes.long().scatter_reduce(2, places, numbers, "amax")
        stays = last.gather(2, places) == numbers
        return planes.scatter_add(2, places, torch.where(stays, values, 0)).unflatten(2, size)


class CaffePutBack(CaffePut):
    """Values at the places that a mask tells, of planes of `size`, or `scale` times as large, less `cut`."""

    def __init__(self, size=None, scale=None, cut=(0, 0)):
        super().__init__()
        self.size, self.scale, self.cut = size, scale, cut

    def forward(self, x, mask):
        size = self.size or tuple(length * scale - cut
                                  for length, scale, cut in zip(x.shape[2:], self.scale, self.cut))
        return self.put(x, mask.flatten(2).long(), size)


class CaffePutAtBeginnings(CaffePut):
    """Values at the places of planes of `size` where their windows begin, or at the nearest in the plane."""

    def __init__(self, size, stride):
        super().__init__()
        self.size, self.stride = size, stride

    def forward(self, x):
        rows, columns = ((torch.arange(length, device=x.device) * stride).clamp(max=size - 1)
                         for length, stride, size in zip(x.shape[2:], self.stride, self.size))
        return self.put(x, (rows[:, None] * self.size[1] + columns).reshape(1, 1, -1), self.size)


class CaffeSpread(nn.Module):
    """Planes of `size` to which each value is added all over its window, or with `average` its share of it.

    Windows begin `stride` apart, and what of one lies beyond the plane is left out.
    """

    def __init__(self, size, kernel, stride, average=False):
        super().__init__()
        self.size, self.kernel, self.stride, self.average = size, kernel, stride, average

    def forward(self, x):
        if self.average:
            x = x / self.areas(x)
        kernel, stride = (tuple(map(min, lengths, self.size)) for lengths in (self.kernel, self.stride))
        planes = F.conv_transpose2d(x.flatten(0, 1).unsqueeze(1), x.new_ones(1, 1, *kernel), stride=stride)
        more = [wanted - length for wanted, length in zip(self.size, planes.shape[2:])]
        return F.pad(planes, (0, more[1], 0, more[0])).reshape(*x.shape[:2], *self.size)

    def areas(self, x):
        """How many places of the plane are in each window, at least 1; (height, width) of x."""
        rows, columns = ((size - torch.arange(length, device=x.device) * stride).clamp(1, kernel)
                         for length, stride, kernel, size in zip(x.shape[2:], self.stride, self.kernel, self.size))
        return torch.outer(rows, columns)
