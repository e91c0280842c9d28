"""What comes from no bottom: learned and constant blobs."""

from __future__ import annotations

from ..literals import literal, number
from ..registry import exports
from ..writing import LayerWriter


@exports("Parameter")
def parameter(layer: LayerWriter) -> str:
    """An nn.Parameter of the net itself."""
    return layer.parameter(0)


@exports("DummyData")
def dummy_data(layer: LayerWriter) -> list[str]:
    """Constants; what draws random values is an input of the deploy form."""
    return [layer.constant(f"torch.full({literal(shape)}, {number(float(filler.value))}, dtype=torch.float32)")
            for shape, filler in zip(layer.top_shapes, layer.layer.fillers)]
