"""Silence: swallows blobs, so that they are no outputs of the net."""

from __future__ import annotations

from ..layer import Layer, at_least, exactly
from .registry import register


@register("Silence")
class Silence(Layer):
    """No top; the bottoms' diffs become zero (src/caffe/layers/silence_layer.cpp)."""

    bottoms = at_least(1)
    tops = exactly(0)

    def shapes(self, bottom_shapes):
        return []

    def compute(self, bottoms, params):
        return []

    def forward(self, bottom, top):
        pass

    def backward(self, top, propagate_down, bottom):
        for blob, wanted in zip(bottom, propagate_down):
            if wanted:
                blob.diff.zero_()
