"""DeepSkeleton's Quantize and Rescale."""

from __future__ import annotations

import numpy as np

from .....engine.layers.forks.quantize import BOUNDS
from .....engine.layers.forks.rescale import NONE
from ...registry import exports
from ...writing import LayerWriter


@exports("Quantize")
def quantize(layer: LayerWriter) -> str:
    """A Where of GreaterOrEqual for each bound, from the lowest to the highest, behind which the class is 0 again."""
    x = layer.bottoms[0]
    top = layer.constant(0)
    for number, bound in enumerate(BOUNDS, start=1):
        reached = layer.op("GreaterOrEqual", x, layer.constant(bound))
        top = layer.op("Where", reached, layer.constant(number % len(BOUNDS)), top)
    return top


@exports("Rescale")
def rescale(layer: LayerWriter) -> list[str]:
    """Mul and Add, and Where of the scales that are seen; the second top is a Cast of these."""
    x, field = layer.bottoms[0], layer.param.rescale_param.rf
    beyond = layer.op("GreaterOrEqual", x, layer.constant(field))
    seen = layer.op("And", layer.op("Not", beyond), layer.op("Greater", layer.op("Abs", x), layer.constant(NONE)))
    scaled = layer.plus(layer.op("Div", layer.times(x, 2), layer.constant(field)), -1)
    tops = [layer.op("Where", seen, scaled, layer.constant(0))]
    if len(layer.top_shapes) == 2:
        tops.append(layer.cast(seen, np.float32))
    return tops
