"""What is computed value by value."""

from __future__ import annotations

from torch import nn

from ..literals import number
from ..registry import exports
from ..writing import LayerWriter


@exports("ReLU")
def relu(layer: LayerWriter) -> str:
    """nn.ReLU, or nn.LeakyReLU with a negative slope."""
    slope = layer.param.relu_param.negative_slope
    return layer.apply(nn.LeakyReLU, slope) if slope else layer.apply(nn.ReLU)


@exports("Sigmoid")
def sigmoid(layer: LayerWriter) -> str:
    """nn.Sigmoid."""
    return layer.apply(nn.Sigmoid)


@exports("TanH")
def tanh(layer: LayerWriter) -> str:
    """nn.Tanh."""
    return layer.apply(nn.Tanh)


@exports("Dropout")
def dropout(layer: LayerWriter) -> str:
    """nn.Dropout; of forks, values that shrink in eval mode instead of growing in train mode, or drop in both."""
    param, x = layer.param.dropout_param, layer.bottoms[0]
    ratio = param.dropout_ratio
    if not 0 <= ratio <= 1:     # at test time Caffe does not look at it
        return x
    if param.sample_weights_test:
        y = f"F.dropout({x}, {number(ratio)})"
        return y if param.scale_train else f"{y} * {number(1 - ratio)}"
    y = layer.apply(nn.Dropout, ratio)
    return y if param.scale_train else f"{y} * {number(1 - ratio)}"
