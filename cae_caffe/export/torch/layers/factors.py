"""Scale and Bias."""

from __future__ import annotations

from typing import Any

from ..modules.factors import CaffeBias, CaffeBoundedScale, CaffeScale
from ..registry import Inexpressible, exports
from ..writing import LayerWriter


@exports("Scale")
def scale(layer: LayerWriter) -> str:
    """A module with a weight, and perhaps a bias; of two bottoms the product, with a module for the bias alone."""
    param = layer.param.scale_param
    bounds = {argument: getattr(param, field) for argument, field in (("least", "min_value"), ("most", "max_value"))
              if param.has(field)}
    if bounds and len(layer.bottoms) > 1:
        raise Inexpressible("its `min_value` and `max_value` change its second bottom, which another layer has made")
    if len(layer.bottoms) == 1:
        state = {"weight": 0, "bias": 1} if param.bias_term else {"weight": 0}
        return layer.apply(CaffeBoundedScale if bounds else CaffeScale, *_place(layer, 0),
                           **({} if param.bias_term else {"bias": False}), **bounds, state=state)
    product = f"{layer.bottoms[0]} * {_spread(layer)}"
    if not param.bias_term:
        return product
    return f"{layer.module(CaffeBias, *_place(layer, 0), state={'bias': 0})}({product})"


@exports("Bias")
def bias(layer: LayerWriter) -> str:
    """A module with a bias, or of two bottoms the sum."""
    if len(layer.bottoms) == 1:
        return layer.apply(CaffeBias, *_place(layer, 0), state={"bias": 0})
    return f"{layer.bottoms[0]} + {_spread(layer)}"


def _place(layer: LayerWriter, index: int) -> list[Any]:
    """Shape and axis of parameter `index`, as the modules take them."""
    shape, first = tuple(layer.layer.blobs[index].shape), layer.layer.spread.first
    short = shape[0] if len(shape) == 1 else shape
    return [short] if first == 1 else [short, first]


def _spread(layer: LayerWriter) -> str:
    """The second bottom so that it lies over the first."""
    shape = layer.bottom_shapes[1]
    behind = len(layer.bottom_shapes[0]) - layer.layer.spread.first - len(shape)
    return f"{layer.bottoms[1]}[..., {', '.join(['None'] * behind)}]" if shape and behind else layer.bottoms[1]
