"""Flip, a layer that happynear's Caffe has and Caffe 1.0 has not: images mirrored."""

from __future__ import annotations

import cae_caffe
from cae_caffe.engine import AutogradLayer
from cae_caffe.export.onnx.registry import exports as exports_onnx
from cae_caffe.export.torch.registry import exports as exports_torch
from cae_caffe.schema import Field, Message

PARAMETER = Message("FlipParameter", Field("flip_width", "bool", number=1, default=True),
                    Field("flip_height", "bool", number=2, default=False))
FIRST = -2 ** 63        # the end of a slice that goes backward to the first


@cae_caffe.register_layer("Flip", PARAMETER, number=212, source="happynear/caffe-windows")
class Flip(AutogradLayer):
    """Left becomes right where `flip_width` says so, and the top of an image its bottom where `flip_height` does."""

    def shapes(self, bottom_shapes):
        """The top's shape, from the bottom's."""
        if len(bottom_shapes[0]) != 4:
            raise cae_caffe.InputError(f"its bottom has {len(bottom_shapes[0])} axes; it takes images, which have "
                                       "four: their number, channels, height and width.")
        return bottom_shapes

    def compute(self, bottoms, params):
        """The top's values, from the bottom's."""
        return [bottoms[0].flip(self.turned())]

    def turned(self):
        """The axes that are turned round."""
        flipped = {2: self.param.flip_param.flip_height, 3: self.param.flip_param.flip_width}
        return [axis for axis, wanted in flipped.items() if wanted]


@exports_onnx("Flip")
def flip_in_onnx(layer):
    """Slice backward along each axis that is turned."""
    x = layer.bottoms[0]
    for axis in layer.layer.turned():
        x = layer.slice(x, [-1], [FIRST], [axis], [-1])
    return x


@exports_torch("Flip")
def flip_in_torch(layer):
    """torch.flip."""
    return f"torch.flip({layer.bottoms[0]}, {layer.layer.turned()})"
