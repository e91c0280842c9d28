"""Parameter: a learned blob that other layers take as a bottom."""

from __future__ import annotations

from ..layer import Layer, exactly
from .registry import register


@register("Parameter")
class Parameter(Layer):
    """The top is the layer's parameter itself, of the shape given, zero at first, or as NormFace's `blob_filler` fills.

    Its gradient is whatever the layers above write as the top's (include/caffe/layers/parameter_layer.hpp).
    """

    bottoms = exactly(0)

    def setup(self, bottom, top):
        self.add_parameter(self.param.parameter_param.shape.dim, self.param.parameter_param.blob_filler)

    def shapes(self, bottom_shapes):
        return [self.blobs[0].shape]

    def forward(self, bottom, top):
        # At each pass, for sharing by name and solvers move parameters to other memory.
        top[0].share_data(self.blobs[0])
        top[0].share_diff(self.blobs[0])

    def backward(self, top, propagate_down, bottom):
        pass
