"""Quantize: the scale of a skeleton as one of five classes."""

from __future__ import annotations

import torch

from ...layer import Layer
from ..registry import register

BOUNDS = (1.0, 12.0, 36.0, 80.0, 200.0)


@register("Quantize")
class Quantize(Layer):
    """0 below 1; 1 from 1 on, 2 from 12 on, 3 from 36 on, 4 from 80 on; and 0 from 200 on. No gradient
    (DeepSkeleton's src/caffe/layers/quantize_layer.cpp).
    """

    def allows_forced_backward(self, bottom_index):
        return False

    def forward(self, bottom, top):
        bounds = torch.tensor(BOUNDS, device=bottom[0].data.device)
        top[0].data.copy_(torch.bucketize(bottom[0].data.contiguous(), bounds, right=True) % len(BOUNDS))

    def backward(self, top, propagate_down, bottom):
        self.refuse_gradient(propagate_down, 0)
