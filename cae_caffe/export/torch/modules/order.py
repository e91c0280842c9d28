"""Pixels as channels, and back."""

from __future__ import annotations

from torch import nn


class CaffeReorg(nn.Module):
    """YOLOv2's: images (N, C, H, W) become (N, C s^2, H / s, W / s), s being the stride.

    As in Darknet, the values are ordered as if x lay in memory as (N, C / s^2, s H, s W). With `reverse` each pixel of
    s^2 groups of channels becomes s x s pixels of one group: (N, C / s^2, s H, s W).
    """

    def __init__(self, stride, reverse=False):
        super().__init__()
        self.stride, self.reverse = stride, reverse

    def forward(self, x):
        stride = self.stride
        number, channels, height, width = x.shape
        few = channels // stride ** 2
        if self.reverse:
            pixels = x.reshape(number, stride, stride, few, height, width).permute(0, 3, 4, 1, 5, 2)
            return pixels.reshape(number, few, height * stride, width * stride)
        pixels = x.reshape(number, few, height, stride, width, stride).permute(0, 3, 5, 1, 2, 4)
        return pixels.reshape(number, channels * stride ** 2, height // stride, width // stride)
