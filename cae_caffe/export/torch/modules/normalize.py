"""Vectors of length 1."""

from __future__ import annotations

import torch
from torch import nn


class CaffeNormalize(nn.Module):
    """SSD's: y = weight x / sqrt(sum of x^2 + eps), the sum over the channels of each pixel.

    With `across_spatial` it is over the whole image. `weight` has a value for each of the `channels`, or one for all if
    these are None; with `fix_scale` it is not trained.
    """

    def __init__(self, channels, eps, across_spatial=False, fix_scale=False):
        super().__init__()
        self.eps, self.across_spatial = eps, across_spatial
        self.weight = nn.Parameter(torch.ones(() if channels is None else channels), requires_grad=not fix_scale)

    def forward(self, x):
        axes = tuple(range(1, x.dim())) if self.across_spatial else 1
        unit = x / (x.square().sum(axes, keepdim=True) + self.eps).sqrt()
        return unit * self.weight.reshape(self.weight.shape + (1,) * (x.dim() - 2))


class CaffeUnitVectors(nn.Module):
    """NormFace's: y = x / norm, of four axes, and with `return_norm` also the norm, (N, 1, H, W).

    The norm of each pixel's channels is sqrt(sum of x^2 + 1e-6), or of the kind "L1" the sum of |x| + 1e-6. Its own
    gradient counts if `norm_has_gradient`; with `fix_gradient` that of y is not divided by it.
    """

    def __init__(self, kind="L2", return_norm=False, norm_has_gradient=False, fix_gradient=False):
        super().__init__()
        self.kind, self.return_norm = kind, return_norm
        self.norm_has_gradient, self.fix_gradient = norm_has_gradient, fix_gradient

    def forward(self, x):
        x = x.reshape(x.shape + (1,) * (4 - x.dim()))
        if self.kind == "L1":
            norm = x.abs().sum(1, keepdim=True) + 1e-6
        else:
            norm = (x.square().sum(1, keepdim=True) + 1e-6).sqrt()
        y = x / norm
        if self.fix_gradient:
            y = y.detach() + (y - y.detach()) * norm.detach()
        if not self.return_norm:
            return y
        return y, norm if self.norm_has_gradient else norm.detach()
