"""InnerProduct."""

from __future__ import annotations

from typing import Any

from torch import nn

from ..back import Back
from ..modules.inner_product import CaffeNormalizedLinear, CaffeTransposedLinear
from ..registry import exports
from ..writing import LayerWriter


@exports("InnerProduct")
def inner_product(layer: LayerWriter) -> str:
    """nn.Linear of the bottom's last axes as one; one of modules/ for `transpose` and NormFace's `normalize`."""
    settings, options = layer.layer, layer.param.inner_product_param
    x, axes = layer.bottoms[0], len(layer.bottom_shapes[0])
    rows = x if axes == settings.axis + 1 else f"{x}.flatten({settings.axis})"
    if not settings.has_weights:
        return f"F.linear({rows}, {layer.bottoms[1]})"
    kind: type[nn.Module] = nn.Linear
    if options.transpose or options.normalize:
        kind = CaffeTransposedLinear if options.transpose else CaffeNormalizedLinear
    state = {"weight": 0, "bias": 1} if settings.has_bias else {"weight": 0}
    without: dict[str, Any] = {} if settings.has_bias else {"bias": False}
    back = Back(state, turned=options.transpose)
    y = f"{layer.module(kind, settings.inputs, settings.outputs, state=state, back=back, **without)}({rows})"
    return f"{y}[..., None, None]" if settings.axes_behind else y
