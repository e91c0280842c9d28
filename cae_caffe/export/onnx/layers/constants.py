"""Parameter and DummyData: values that come from no bottom."""

from __future__ import annotations

import numpy as np

from ..registry import Inexpressible, exports
from ..writing import LayerWriter


@exports("Parameter")
def parameter(layer: LayerWriter) -> str:
    """A constant: the layer's parameter."""
    return layer.weight(0, name="value")


@exports("DummyData")
def dummy_data(layer: LayerWriter) -> list[str]:
    """A constant for each top."""
    fillers = layer.layer.fillers
    for filler in fillers:
        if filler.type != "constant":
            raise Inexpressible(f"a `data_filler` of type {filler.type!r} draws random numbers at each pass")
    return [layer.constant(np.full(shape, filler.value), name="value")
            for shape, filler in zip(layer.top_shapes, fillers)]
