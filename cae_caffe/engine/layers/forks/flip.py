"""Flip: images mirrored."""

from __future__ import annotations

from ...autograd_layer import AutogradLayer
from ...blob import require_images
from ..registry import register


@register("Flip")
class Flip(AutogradLayer):
    """Right is left, unless `flip_width` is false, and top is bottom, with `flip_height`
    (happynear/caffe-windows' src/caffe/layers/flip_layer.cpp).
    """

    def shapes(self, bottom_shapes):
        require_images(bottom_shapes[0], "Flip")
        return bottom_shapes

    def compute(self, bottoms, params):
        param = self.param.flip_param
        return [bottoms[0].flip([axis for axis, wanted in ((2, param.flip_height), (3, param.flip_width)) if wanted])]
