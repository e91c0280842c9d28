"""What comes from no bottom: learned and constant blobs."""

from __future__ import annotations

from ..literals import literal, number
from ..registry import Inexpressible, exports
from ..writing import LayerWriter


@exports("Parameter")
def parameter(layer: LayerWriter) -> str:
    """An nn.Parameter of the net itself."""
    return layer.parameter(0)


@exports("DummyData")
def dummy_data(layer: LayerWriter) -> list[str]:
    """Constants."""
    fillers = layer.layer.fillers
    if any(filler.type != "constant" for filler in fillers):
        raise Inexpressible("it draws random values at each pass")
    return [layer.constant(f"torch.full({literal(shape)}, {number(float(filler.value))})" if filler.value % 1 else
                           f"torch.full({literal(shape)}, {float(filler.value)})")
            for shape, filler in zip(layer.top_shapes, fillers)]
