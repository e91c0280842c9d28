"""Softmax."""

from __future__ import annotations

from torch import nn

from ..registry import exports
from ..writing import LayerWriter


@exports("Softmax")
def softmax(layer: LayerWriter) -> str:
    """nn.Softmax along the layer's axis."""
    return layer.apply(nn.Softmax, dim=layer.layer.axis)
