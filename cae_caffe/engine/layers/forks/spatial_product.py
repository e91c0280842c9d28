"""SpatialProduct: every channel of images times one map."""

from __future__ import annotations

from ....errors import InputError
from ...autograd_layer import AutogradLayer
from ...blob import require_images, shape_string
from ...layer import exactly
from ..registry import register


@register("SpatialProduct")
class SpatialProduct(AutogradLayer):
    """top[n, c, h, w] = bottom0[n, c, h, w] * bottom1[n, 0, h, w] (DeepLab's
    src/caffe/layers/spatial_product_layer.cpp).
    """

    bottoms = exactly(2)

    def shapes(self, bottom_shapes):
        images, factors = bottom_shapes
        require_images(images, "SpatialProduct")
        if factors != (images[0], 1, *images[2:]):
            raise InputError(f"its bottoms have shapes {shape_string(images)} and {shape_string(factors)}; the second "
                             f"must be {shape_string((images[0], 1, *images[2:]))}.")
        return [images]

    def compute(self, bottoms, params):
        return [bottoms[0] * bottoms[1]]
