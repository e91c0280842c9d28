"""Normalizations of Caffe's that PyTorch's modules do not compute."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn


class CaffeLRNWithinChannel(nn.Module):
    """y = x / (1 + alpha times the mean of x^2 in the `size` x `size` values around each) ^ beta."""

    def __init__(self, size, alpha, beta):
        super().__init__()
        self.size, self.alpha, self.beta = size, alpha, beta

    def forward(self, x):
        squares = F.avg_pool2d(x.square(), self.size, 1, self.size // 2)
        return x * (1 + self.alpha * squares) ** -self.beta


class CaffeBatchNorm(nn.BatchNorm2d):
    """nn.BatchNorm2d without weight and bias, for any number of axes behind the channels, that keeps Caffe's blobs.

    Caffe stores sums of means and variances, and a factor to divide both by; they are the buffers `caffe_mean`,
    `caffe_var` and `caffe_factor`. They take no part in what is computed: `running_mean` and `running_var` are their
    quotients. Who brings the weights back to Caffe takes them as long as that is so, and else the running values with
    a factor of 1. `statistics` says whose mean and variance count: "running", also in train mode, "batch", also in
    eval mode, or as in nn.BatchNorm2d ("mode").
    """

    def __init__(self, num_features, eps, momentum, statistics="mode"):
        super().__init__(num_features, eps, momentum, affine=False)
        self.statistics = statistics
        self.register_buffer("caffe_mean", torch.zeros(num_features))
        self.register_buffer("caffe_var", torch.zeros(num_features))
        self.register_buffer("caffe_factor", torch.zeros(1))

    def _check_input_dim(self, x):
        if x.dim() < 2:
            raise ValueError(f"expected an input of at least 2 axes, and it has {x.dim()}")

    def forward(self, x):
        if self.statistics == "mode":
            return super().forward(x)
        if self.statistics == "running":
            return F.batch_norm(x, self.running_mean, self.running_var, eps=self.eps)
        others = [axis for axis in range(x.dim()) if axis != 1]
        centered = x - x.mean(others, keepdim=True)
        return centered * (centered.square().mean(others, keepdim=True) + self.eps).rsqrt()


class CaffeMVN(nn.Module):
    """y = (x - mean) / (deviation + eps), or x - mean without `normalize_variance`; with four axes.

    Mean and deviation are those of each channel of each image, or with `across_channels` of the whole image. The
    gradient takes the deviation with its eps for the deviation, as Caffe does.
    """

    def __init__(self, across_channels, normalize_variance, eps):
        super().__init__()
        self.axes = (1, 2, 3) if across_channels else (2, 3)
        self.normalize_variance, self.eps = normalize_variance, eps

    def forward(self, x):
        x = x.reshape(x.shape + (1,) * (4 - x.dim()))
        centered = x - x.mean(self.axes, keepdim=True)
        if not self.normalize_variance:
            return centered
        variance = centered.square().mean(self.axes, keepdim=True)
        deviation = variance.detach().sqrt() + self.eps
        return centered / (deviation + (variance - variance.detach()) / (2 * deviation))
