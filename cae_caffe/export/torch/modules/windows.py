"""Windows over images: their pyramids, and their values as channels."""

from __future__ import annotations

import itertools

import torch
import torch.nn.functional as F
from torch import nn


class CaffeSPP(nn.Module):
    """Spatial pyramid pooling of images of any size: levels of 1, 2, 4 ... bins a side, one after the other.

    `pool` is the class of the pooling, made with kernel, stride, padding and dilation. The result is (N, values), or of
    one level (N, C, 1, 1).
    """

    def __init__(self, levels, pool):
        super().__init__()
        self.levels, self.pool = levels, pool

    def forward(self, x):
        pooled = [self.level(x, 2 ** level) for level in range(self.levels)]
        return pooled[0] if len(pooled) == 1 else torch.cat([y.flatten(1) for y in pooled], 1)

    def level(self, x, bins):
        kernel = tuple(-(-length // bins) for length in x.shape[2:])
        padding = tuple((window * bins - length + 1) // 2 for window, length in zip(kernel, x.shape[2:]))
        pool = self.pool(kernel, kernel, padding, (1, 1))
        pool.training = self.training
        return pool(x)


class CaffeIm2col(nn.Module):
    """Each channel becomes one for each place of the kernel, with what it sees there, 0 in the padding.

    The channels are on `axis`; for each axis behind it `kernel`, `stride`, `padding` and `dilation` have a number.
    """

    def __init__(self, kernel, stride, padding, dilation, axis=1):
        super().__init__()
        self.kernel, self.stride, self.padding, self.dilation, self.axis = kernel, stride, padding, dilation, axis

    def forward(self, x):
        numbers = [(length + 2 * pad - dilation * (kernel - 1) - 1) // stride + 1
                   for length, kernel, stride, pad, dilation
                   in zip(x.shape[self.axis + 1:], self.kernel, self.stride, self.padding, self.dilation)]
        padded = F.pad(x, [pad for pad in reversed(self.padding) for _ in range(2)])
        seen = []
        for place in itertools.product(*map(range, self.kernel)):
            part = padded
            for axis, (first, number) in enumerate(zip(place, numbers), self.axis + 1):
                stride, start = self.stride[axis - self.axis - 1], first * self.dilation[axis - self.axis - 1]
                part = part.narrow(axis, start, stride * (number - 1) + 1)
                part = part[(slice(None),) * axis + (slice(None, None, stride),)]
            seen.append(part)
        return torch.stack(seen, self.axis + 1).flatten(self.axis, self.axis + 1)
