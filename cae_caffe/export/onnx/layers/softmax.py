"""Softmax."""

from __future__ import annotations

from ..registry import exports
from ..writing import LayerWriter


@exports("Softmax")
def softmax(layer: LayerWriter) -> str:
    """Softmax along the layer's axis."""
    return layer.op("Softmax", *layer.bottoms, axis=layer.layer.axis)
