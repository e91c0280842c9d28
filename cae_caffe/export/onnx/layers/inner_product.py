"""InnerProduct."""

from __future__ import annotations

import numpy as np

from ....engine.layers.inner_product import NEVER_ZERO
from ..registry import exports
from ..writing import LayerWriter

ROWS = 2        # axes of what Gemm multiplies


@exports("InnerProduct")
def inner_product(layer: LayerWriter) -> str:
    """Gemm of the bottom as rows; NormFace's weights as a second bottom too."""
    settings, options = layer.layer, layer.param.inner_product_param
    x = layer.bottoms[0]
    if len(layer.bottom_shapes[0]) != ROWS or settings.axis != 1:
        x = layer.op("Flatten", x, axis=settings.axis)
    bias = [layer.weight(1, name="bias")] if settings.has_bias else []
    y = layer.op("Gemm", x, _weights(layer), *bias, transB=int(not options.transpose))
    top = layer.top_shapes[0]
    if settings.axis == 1 and len(top) == ROWS:
        return y
    return layer.reshape(y, (-1, *top[1:]) if settings.axis else top)


def _weights(layer: LayerWriter) -> str:
    if not layer.layer.has_weights:
        return layer.bottoms[1]
    if not layer.param.inner_product_param.normalize:
        return layer.weight(0, name="weight")
    rows = layer.array(0).astype(np.float64)
    lengths = np.sqrt(np.square(rows).sum(1, keepdims=True) + NEVER_ZERO)
    return layer.weight(0, (rows / lengths).astype(np.float32), "normalized")
