"""Pooling of what PyTorch's fast kernels do not pool: windows that are dilated, and those of volumes."""

from __future__ import annotations

import math

import torch

from .pooling import LOWEST, NOWHERE, Windows

aten = torch.ops.aten


class PatchAveragePooling:
    """AveragePooling for windows that PyTorch's kernels have not: dilated ones, and those of volumes."""

    def __init__(self, windows: Windows):
        self._windows = windows
        self._areas = windows.areas().clamp_min_(1)     # a window may lie behind all of the image; its sum is 0

    def forward(self, bottom: torch.Tensor, top: torch.Tensor) -> None:
        torch.div(self._windows.patches(bottom).sum(-1), self._areas.to(bottom.device), out=top)

    def backward(self, top_diff: torch.Tensor, bottom: torch.Tensor, bottom_diff: torch.Tensor) -> None:
        image = torch.empty_like(bottom).requires_grad_()       # of which only the shape counts
        with torch.enable_grad():
            sums = self._windows.patches(image).sum(-1)
        shares = top_diff / self._areas.to(top_diff.device)
        bottom_diff.copy_(torch.autograd.grad(sums, image, shares)[0])


class VolumeMaxPooling:
    """MaxPooling for windows of three axes."""

    def __init__(self, windows: Windows):
        self._windows = windows
        self._arguments = (windows.kernel, windows.stride, (0, 0, 0), windows.dilation)
        self._places = torch.empty(0, dtype=torch.int64)        # of the top's shape, from the first forward pass on

    def forward(self, bottom: torch.Tensor, top: torch.Tensor) -> None:
        image = torch.nan_to_num(self._windows.padded(bottom, LOWEST), LOWEST, posinf=math.inf, neginf=LOWEST)
        maxima, places = aten.max_pool3d_with_indices(image, *self._arguments)
        top.copy_(maxima)
        if self._places.shape != top.shape:
            self._places = torch.empty(top.shape, dtype=torch.int64, device=top.device)
        torch.take(self._numbers(bottom), places, out=self._places)
        self._places.masked_fill_(top == LOWEST, NOWHERE)

    def _numbers(self, bottom: torch.Tensor) -> torch.Tensor:
        """The place in an image of each value of a padded one."""
        numbers = torch.arange(math.prod(bottom.shape[2:]), device=bottom.device).view(1, 1, *bottom.shape[2:])
        return self._windows.padded(numbers, NOWHERE)

    def backward(self, top_diff: torch.Tensor, bottom: torch.Tensor, bottom_diff: torch.Tensor) -> None:
        shares = top_diff.masked_fill(self._places == NOWHERE, 0).flatten(2)
        sums = torch.zeros_like(bottom).flatten(2).scatter_add_(2, self._places.clamp_min(0).flatten(2), shares)
        bottom_diff.copy_(sums.view(bottom.shape))

    def mask(self) -> torch.Tensor:
        """As MaxPooling's."""
        return self._places
