"""Normalize, of SSD and of NormFace."""

from __future__ import annotations

from .....engine.layers.forks.axes import four_axes
from .....engine.layers.forks.normalize import NORMFACE_EPS
from ...registry import exports
from ...writing import LayerWriter


@exports("Normalize")
def normalize(layer: LayerWriter) -> str | list[str]:
    """Div by the root of the sum of squares (SSD: Mul with the scale), or by the sum of magnitudes."""
    if layer.layer.is_ssds:
        return _of_ssd(layer)
    x, shape = layer.bottoms[0], layer.bottom_shapes[0]
    if len(shape) != len(four_axes(shape)):
        x = layer.reshape(x, (0, *four_axes(shape)[1:]))
    if layer.layer.kind == "L2":
        norm = layer.op("Sqrt", layer.plus(_sum_of_squares(layer, x, [1]), NORMFACE_EPS))
    else:
        norm = layer.plus(layer.reduce("ReduceSum", layer.op("Abs", x), [1]), NORMFACE_EPS)
    return [layer.op("Div", x, norm), norm][:len(layer.top_shapes)]


def _of_ssd(layer: LayerWriter) -> str:
    param, x, axes = layer.param.norm_param, layer.bottoms[0], len(layer.bottom_shapes[0])
    summed = list(range(1, axes)) if param.across_spatial else [1]
    norm = layer.op("Sqrt", layer.plus(_sum_of_squares(layer, x, summed), param.eps))
    scale = layer.array(0) if param.channel_shared else layer.array(0).reshape(-1, *(1,) * (axes - 2))
    return layer.op("Mul", layer.op("Div", x, norm), layer.weight(0, scale, "scale"))


def _sum_of_squares(layer: LayerWriter, x: str, axes: list[int]) -> str:
    return layer.reduce("ReduceSum", layer.op("Mul", x, x), axes)
