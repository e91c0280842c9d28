"""Reduction and ArgMax."""

from __future__ import annotations

from typing import Any

from ..literals import times
from ..modules.choice import CaffeArgMax
from ..registry import exports
from ..writing import LayerWriter

TERMS = {"SUM": "", "MEAN": "", "ASUM": ".abs()", "SUMSQ": ".square()"}


@exports("Reduction")
def reduction(layer: LayerWriter) -> str:
    """The sum or mean of the last axes."""
    param, axis, x = layer.param.reduction_param, layer.layer.axis, layer.bottoms[0]
    rows = x if axis == len(layer.bottom_shapes[0]) - 1 else f"{x}.flatten({axis})"
    sums = "mean" if param.operation == "MEAN" else "sum"
    return times(f"{rows}{TERMS[param.operation]}.{sums}(-1)", param.coeff)


@exports("ArgMax")
def argmax(layer: LayerWriter) -> str:
    """A module of its own."""
    param = layer.param.argmax_param
    options: dict[str, Any] = {}
    if layer.layer.axis is not None:
        options["axis"] = layer.layer.axis
    if param.out_max_val:
        options["out_max_val"] = True
    return layer.apply(CaffeArgMax, param.top_k, **options)
