"""What is computed value by value."""

from __future__ import annotations

from ..registry import exports
from ..writing import LayerWriter


@exports("ReLU")
def relu(layer: LayerWriter) -> str:
    """Relu, or LeakyRelu with a negative slope."""
    slope = layer.param.relu_param.negative_slope
    if slope:
        return layer.op("LeakyRelu", *layer.bottoms, alpha=slope)
    return layer.op("Relu", *layer.bottoms)


@exports("Dropout")
def dropout(layer: LayerWriter) -> str:
    """The bottom itself: at test time nothing is dropped."""
    return layer.bottoms[0]


@exports("Sigmoid")
def sigmoid(layer: LayerWriter) -> str:
    """Sigmoid."""
    return layer.op("Sigmoid", *layer.bottoms)


@exports("TanH")
def tanh(layer: LayerWriter) -> str:
    """Tanh."""
    return layer.op("Tanh", *layer.bottoms)
