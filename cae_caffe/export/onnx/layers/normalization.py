"""Softmax, BatchNorm and MVN: values brought to a common measure."""

from __future__ import annotations

import numpy as np

from ..registry import exports
from ..writing import LayerWriter

IMAGE_AXES = 4      # of every top of MVN


@exports("Softmax")
def softmax(layer: LayerWriter) -> str:
    """Softmax along the layer's axis."""
    return layer.op("Softmax", *layer.bottoms, axis=layer.layer.axis)


@exports("BatchNorm")
def batch_norm(layer: LayerWriter) -> str:
    """BatchNormalization by the averages that are stored; or by the batch's own, in ReduceMean, Sub, Mul, Sqrt, Div."""
    settings, x = layer.layer, layer.bottoms[0]
    if not settings.uses_averages:
        axes = [axis for axis in range(len(layer.bottom_shapes[0])) if axis != 1]
        centered, variance = _centered(layer, x, axes)
        return layer.op("Div", centered, layer.op("Sqrt", layer.plus(variance, settings.eps)))
    divisor = layer.array(2)[0]
    factor = np.float32(0) if divisor == 0 else np.float32(1) / divisor
    mean, variance = (layer.weight(index, layer.array(index) * factor, name)
                      for index, name in enumerate(("mean", "variance")))
    scale, bias = (layer.constant(np.full(settings.channels, value)) for value in (1, 0))
    return layer.op("BatchNormalization", x, scale, bias, mean, variance, epsilon=settings.eps)


@exports("MVN")
def mvn(layer: LayerWriter) -> str:
    """ReduceMean, Sub; with `normalize_variance` Mul, ReduceMean, Sqrt, Add, Div: eps is outside the root."""
    x, param, rank = layer.bottoms[0], layer.param.mvn_param, len(layer.bottom_shapes[0])
    if rank < IMAGE_AXES:
        x = layer.reshape(x, [0] * rank + [1] * (IMAGE_AXES - rank))
    axes = list(range(1 if param.across_channels else 2, IMAGE_AXES))
    if not param.normalize_variance:
        return layer.op("Sub", x, layer.reduce("ReduceMean", x, axes))
    centered, variance = _centered(layer, x, axes)
    return layer.op("Div", centered, layer.plus(layer.op("Sqrt", variance), param.eps))


def _centered(layer: LayerWriter, x: str, axes: list[int]) -> tuple[str, str]:
    """`x` less its mean over the axes, and its variance."""
    centered = layer.op("Sub", x, layer.reduce("ReduceMean", x, axes))
    return centered, layer.reduce("ReduceMean", layer.op("Mul", centered, centered), axes)
