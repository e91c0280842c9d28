"""BN as forks have it, where nn.BatchNorm2d is not it."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn


class CaffeBatchStatistics(nn.Module):
    """y = weight (x - mean) / sqrt(variance + eps) + bias, with the batch's mean and variance in both modes.

    With `return_statistics` these are returned, too, (1, C, 1, 1); no gradient goes through them.
    """

    def __init__(self, channels, eps, return_statistics=False):
        super().__init__()
        self.eps, self.return_statistics = eps, return_statistics
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        others = [axis for axis in range(x.dim()) if axis != 1]
        shape = (-1,) + (1,) * (x.dim() - 2)
        mean = x.mean(others, keepdim=True)
        variance = (x - mean).square().mean(others, keepdim=True)
        factor = self.weight.reshape(shape) * (variance + self.eps).rsqrt()
        y = (x - mean) * factor + self.bias.reshape(shape)
        if not self.return_statistics:
            return y
        return y, mean.detach().reshape(1, -1, 1, 1), variance.detach().reshape(1, -1, 1, 1)


class CaffeFrozenBatchNorm(nn.Module):
    """nn.BatchNorm2d in eval mode, of which nothing is learned."""

    weight: torch.Tensor
    bias: torch.Tensor
    running_mean: torch.Tensor
    running_var: torch.Tensor

    def __init__(self, channels, eps):
        super().__init__()
        self.eps = eps
        self.register_buffer("weight", torch.ones(channels))
        self.register_buffer("bias", torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x):
        return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps)
