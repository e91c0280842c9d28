"""What forks compute value by value: ReLU6, NegReLU, Axpy."""

from __future__ import annotations

from torch import nn

from .....engine.layers.forks.relu6 import TOP
from ...literals import number
from ...registry import exports
from ...writing import LayerWriter


@exports("ReLU6")
def relu6(layer: LayerWriter) -> str:
    """nn.ReLU6, or with a negative slope F.leaky_relu that ends at 6, where the gradient ends, too."""
    slope = layer.param.relu6_param.negative_slope
    if not slope:
        return layer.apply(nn.ReLU6)
    return f'F.hardtanh(F.leaky_relu({layer.bottoms[0]}, {number(slope)}), -float("inf"), {number(TOP)})'


@exports("NegReLU")
def neg_relu(layer: LayerWriter) -> str:
    """ReLU of the negative, and the negative of that."""
    x, slope = layer.bottoms[0], layer.param.relu_param.negative_slope
    return f"-F.leaky_relu(-{x}, {number(slope)})" if slope else f"-F.relu(-{x})"


@exports("Axpy")
def axpy(layer: LayerWriter) -> str:
    """The product with a factor for each channel, and the sum."""
    factor, scaled, added = layer.bottoms
    axes, wanted = (len(shape) for shape in layer.bottom_shapes[:2])
    if axes != wanted:
        factor = factor if axes == 2 else f"{factor}.flatten(1)"
        factor = factor if wanted == 2 else f"{factor}[..., {', '.join(['None'] * (wanted - 2))}]"
    return f"{factor} * {scaled} + {added}"
