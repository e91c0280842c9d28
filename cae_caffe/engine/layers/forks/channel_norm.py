"""ChannelNorm: the length of the vector of channels at each pixel."""

from __future__ import annotations

import torch

from ...blob import require_images
from ...layer import Layer
from ..registry import register

NEVER_ZERO = 1e-9       # FlowNet2 adds it to the length by which the gradient is divided


@register("ChannelNorm")
class ChannelNorm(Layer):
    """top[n, 0, h, w] = sqrt(sum over c of bottom[n, c, h, w]**2); the gradient where that is 0 is 0
    (FlowNet2's src/caffe/layers/channel_norm_layer.cpp).
    """

    def shapes(self, bottom_shapes):
        require_images(bottom_shapes[0], "ChannelNorm")
        return [(bottom_shapes[0][0], 1, *bottom_shapes[0][2:])]

    def forward(self, bottom, top):
        torch.linalg.vector_norm(bottom[0].data, dim=1, keepdim=True, out=top[0].data)

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            torch.mul(bottom[0].data, top[0].diff / (top[0].data + NEVER_ZERO), out=bottom[0].diff)
