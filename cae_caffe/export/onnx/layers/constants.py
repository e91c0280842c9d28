"""Parameter and DummyData: values that come from no bottom."""

from __future__ import annotations

import numpy as np

from ..registry import exports
from ..writing import LayerWriter


@exports("Parameter")
def parameter(layer: LayerWriter) -> str:
    """A constant: the layer's parameter."""
    return layer.weight(0, name="value")


@exports("DummyData")
def dummy_data(layer: LayerWriter) -> list[str]:
    """A constant for each top; where numbers are drawn, the tops are inputs (see roles.py)."""
    return [layer.constant(np.full(shape, filler.value), name="value")
            for shape, filler in zip(layer.top_shapes, layer.layer.fillers)]
