"""What forks compute value by value: ReLU6, NegReLU, Axpy."""

from __future__ import annotations

import numpy as np

from .....engine.layers.forks.relu6 import TOP
from ...registry import exports
from ...writing import LayerWriter


@exports("ReLU6")
def relu6(layer: LayerWriter) -> str:
    """Clip to 0 and 6, or with a negative slope LeakyRelu and Min."""
    x, slope = layer.bottoms[0], layer.param.relu6_param.negative_slope
    if slope:
        return layer.op("Min", layer.op("LeakyRelu", x, alpha=slope), layer.constant(TOP))
    return layer.op("Clip", x, layer.constant(0), layer.constant(TOP))


@exports("NegReLU")
def neg_relu(layer: LayerWriter) -> str:
    """Min of the values and so many times them; Max where that is more than once."""
    x, slope = layer.bottoms[0], np.float32(layer.param.relu_param.negative_slope)
    other = layer.op("Mul", x, layer.constant(slope)) if slope else layer.constant(0)
    return layer.op("Max" if slope > 1 else "Min", x, other)


@exports("Axpy")
def axpy(layer: LayerWriter) -> str:
    """Mul with the factors of the channels, and Add."""
    factor, scaled, added = layer.bottoms
    axes = len(layer.bottom_shapes[1])
    if len(layer.bottom_shapes[0]) != axes:
        factor = layer.reshape(factor, (0, 0, *(1,) * (axes - 2)))
    return layer.op("Add", layer.op("Mul", scaled, factor), added)
