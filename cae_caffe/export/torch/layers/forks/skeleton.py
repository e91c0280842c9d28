"""DeepSkeleton's Quantize and Rescale."""

from __future__ import annotations

from .....engine.layers.forks.quantize import BOUNDS
from .....engine.layers.forks.rescale import NONE
from ...literals import literal
from ...registry import exports
from ...writing import LayerWriter


@exports("Quantize")
def quantize(layer: LayerWriter) -> str:
    """torch.bucketize; from the last bound on the class is 0 again."""
    bounds = layer.constant(f"torch.tensor({literal(BOUNDS)}, dtype=torch.float32)")
    x = layer.bottoms[0]
    return f"(torch.bucketize({x}, {bounds}, right=True) % {len(BOUNDS)}).to({x}.dtype)"


@exports("Rescale")
def rescale(layer: LayerWriter) -> list[str]:
    """torch.where; the second top is its condition."""
    x, field = layer.bottoms[0], layer.param.rescale_param.rf
    seen = layer.let(f"({x} < {field}) & ({x}.abs() > {NONE})")
    return [f"torch.where({seen}, 2 * {x} / {field} - 1, 0)", f"{seen}.to({x}.dtype)"]
