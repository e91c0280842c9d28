"""Input: blobs that the user fills."""

from __future__ import annotations

from ...errors import InputError
from ..layer import Layer, at_least, exactly
from .registry import register


@register("Input")
class Input(Layer):
    """Tops of the shapes given in `input_param`; nothing is computed (src/caffe/layers/input_layer.cpp)."""

    bottoms = exactly(0)
    tops = at_least(1)

    def setup(self, bottom, top):
        shapes = [shape.dim for shape in self.param.input_param.shape]
        if len(shapes) not in (0, 1, len(top)):
            raise InputError(f"it gives {len(shapes)} shapes for {len(top)} tops; give `shape` once, once for each "
                             "top, or not at all.")
        for blob, shape in zip(top, shapes * len(top) if len(shapes) == 1 else shapes):
            blob.reshape(shape)

    def reshape(self, bottom, top):
        """The shapes are set once; after that they are the user's to change."""

    def forward(self, bottom, top):
        pass

    def backward(self, top, propagate_down, bottom):
        pass
