"""Inner products with weights that nn.Linear does not have."""

from __future__ import annotations

import torch
from torch import nn


class CaffeTransposedLinear(nn.Module):
    """y = x weight + bias, with a `weight` of (in_features, out_features)."""

    def __init__(self, in_features, out_features, bias=True):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(in_features, out_features))
        self.bias = nn.Parameter(torch.zeros(out_features)) if bias else None

    def forward(self, x):
        y = x @ self.weight
        return y if self.bias is None else y + self.bias


class CaffeNormalizedLinear(nn.Linear):
    """nn.Linear with the rows of the weight divided by their lengths, which count as constants in the gradient."""

    def forward(self, x):
        lengths = (self.weight.detach().square().sum(1, keepdim=True) + 1e-6).sqrt()
        return nn.functional.linear(x, self.weight / lengths, self.bias)
