"""Eltwise."""

from __future__ import annotations

import functools

from ..literals import times
from ..registry import exports
from ..writing import LayerWriter


@exports("Eltwise")
def eltwise(layer: LayerWriter) -> str:
    """Sums and products as Python writes them; maxima by comparison, so that one of equal values has the gradient."""
    operation = layer.param.eltwise_param.operation
    if operation == "PROD":
        return " * ".join(layer.bottoms)
    if operation == "MAX":
        return _maximum(layer)
    terms = [times(x, factor) for x, factor in zip(layer.bottoms, layer.layer.coefficients)]
    return functools.reduce(lambda left, right: f"{left} - {right[1:]}" if right[0] == "-" else f"{left} + {right}",
                            terms)


def _maximum(layer: LayerWriter) -> str:
    first, second, *others = layer.bottoms
    y = first if first == second else f"torch.where({first} > {second}, {first}, {second})"
    for x in dict.fromkeys(others):
        if x not in (first, second):
            largest = y if y == first else layer.let(y)
            y = f"torch.where({x} > {largest}, {x}, {largest})"
    return y
