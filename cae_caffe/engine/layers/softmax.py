"""Softmax: values to probabilities along one axis."""

from __future__ import annotations

import torch

from .. import torch_private
from ..blob import canonical_axis
from ..layer import Layer
from ..traits import Traits
from .registry import register


def unsupported_normalization(param) -> list[str]:
    """What is to be said of a SoftmaxParameter of NormFace's fork that wants anything but the softmax."""
    kind = param.softmax_param.normalize_type
    if kind == "Softmax":
        return []
    return [f"`normalize_type: {kind!r}` is not carried out; put a Normalize layer before it"]


@register("Softmax")
class Softmax(Layer):
    """y = exp(x) / sum(exp(x)) along `axis`, without overflow (src/caffe/layers/softmax_layer.cpp)."""

    traits = Traits(runs_in_place=True)

    @classmethod
    def unsupported(cls, param):
        return unsupported_normalization(param)

    def shapes(self, bottom_shapes):
        self.axis = canonical_axis(self.param.softmax_param.axis, bottom_shapes[0])
        return super().shapes(bottom_shapes)

    # PyTorch's kernels write into `out` as if its values lay in their logical order, so in blobs where they do only.

    def forward(self, bottom, top):
        out = top[0].data
        if out.is_contiguous():
            torch.softmax(bottom[0].data, self.axis, out=out)
        else:
            out.copy_(torch.softmax(bottom[0].data, self.axis))

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            torch_private.softmax_backward(top[0].diff, top[0].data, self.axis, bottom[0].diff)
