"""Multiplication by, and addition of, a learned value for each channel, or for whatever axes it has."""

from __future__ import annotations

import torch
from torch import nn


class CaffeBias(nn.Module):
    """y = x + bias; `bias` lies over the axes of x from `axis` on."""

    def __init__(self, shape, axis=1):
        super().__init__()
        self.axis = axis
        self.bias = nn.Parameter(torch.zeros(shape))

    def forward(self, x):
        behind = x.dim() - self.axis - self.bias.dim()
        return x + self.bias.reshape(self.bias.shape + (1,) * behind)


class CaffeScale(nn.Module):
    """y = weight x, or weight x + bias; both lie over the axes of x from `axis` on."""

    def __init__(self, shape, axis=1, bias=True):
        super().__init__()
        self.axis = axis
        self.weight = nn.Parameter(torch.ones(shape))
        self.bias = nn.Parameter(torch.zeros(shape)) if bias else None

    def forward(self, x):
        shape = self.weight.shape + (1,) * (x.dim() - self.axis - self.weight.dim())
        y = x * self.factor().reshape(shape)
        return y if self.bias is None else y + self.bias.reshape(shape)

    def factor(self):
        return self.weight


class CaffeBoundedScale(CaffeScale):
    """CaffeScale with a weight that counts as brought between `least` and `most`, where they are given.

    The gradient is that of the weight so brought.
    """

    def __init__(self, shape, axis=1, bias=True, least=None, most=None):
        super().__init__(shape, axis, bias)
        self.least, self.most = least, most

    def factor(self):
        return self.weight + (self.weight.clamp(self.least, self.most) - self.weight).detach()
