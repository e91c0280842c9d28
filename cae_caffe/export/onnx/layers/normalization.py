"""Softmax, BatchNorm and MVN: values brought to a common measure."""

from __future__ import annotations

import numpy as np

from ..registry import exports
from ..writing import LayerWriter

IMAGE_AXES = 4      # which every top of MVN has
# Of a mean, in deviations: what computes x * factor - mean * factor, as onnxruntime does, loses the digits that both
# have in common, and beyond this more of them than float32 has to spare.
FAR = 32


@exports("Softmax")
def softmax(layer: LayerWriter) -> str:
    """Softmax along the layer's axis."""
    return layer.op("Softmax", *layer.bottoms, axis=layer.layer.axis)


@exports("BatchNorm")
def batch_norm(layer: LayerWriter) -> str:
    """BatchNormalization by the averages that are stored, or Sub and Mul where a mean is far from 0; or by the batch's
    own, in ReduceMean, Sub, Mul, Sqrt, Div.
    """
    settings, x = layer.layer, layer.bottoms[0]
    if not settings.uses_averages:
        rank = len(layer.bottom_shapes[0])
        # OpenCV 5 takes wrong means of more axes at once, with one between that stays.
        batch, others = [0], list(range(2, rank))
        centered, variance = _centered(layer, x, *([batch + others] if rank <= IMAGE_AXES else [others, batch]))
        return layer.op("Div", centered, layer.op("Sqrt", layer.plus(variance, settings.eps)))
    divisor = layer.array(2)[0]
    factor = np.float32(0) if divisor == 0 else np.float32(1) / divisor
    mean, variance = (layer.array(index) * factor for index in range(2))
    with np.errstate(divide="ignore", invalid="ignore"):
        deviation = np.sqrt(variance + np.float32(settings.eps))
        scale = 1 / deviation
    if (np.abs(mean) > FAR * deviation).any():
        behind = [1] * (len(layer.bottom_shapes[0]) - 2)
        centered = layer.op("Sub", x, layer.weight(0, mean.reshape(-1, *behind), "mean"))
        return layer.op("Mul", centered, layer.weight(1, scale.reshape(-1, *behind), "scale"))
    mean, variance = (layer.weight(index, values, name) for index, (values, name)
                      in enumerate(((mean, "mean"), (variance, "variance"))))
    scale, bias = (layer.constant(np.full(settings.channels, value)) for value in (1, 0))
    return layer.op("BatchNormalization", x, scale, bias, mean, variance, epsilon=settings.eps)


@exports("MVN")
def mvn(layer: LayerWriter) -> str:
    """ReduceMean, Sub; with `normalize_variance` Mul, ReduceMean, Sqrt, Add, Div: eps is outside the root."""
    x, param, rank = layer.bottoms[0], layer.param.mvn_param, len(layer.bottom_shapes[0])
    if layer.node.inputs[0].blob is layer.node.outputs[0].blob and layer.top_shapes[0][-1] == 1:
        x = layer.reshape(x, layer.top_shapes[0])       # the blob has four axes, and before the layer perhaps fewer
    elif rank < IMAGE_AXES:
        x = layer.reshape(x, [0] * rank + [1] * (IMAGE_AXES - rank))
    axes = list(range(1 if param.across_channels else 2, IMAGE_AXES))
    if not param.normalize_variance:
        return layer.op("Sub", x, _mean(layer, x, axes))
    centered, variance = _centered(layer, x, axes)
    return layer.op("Div", centered, layer.plus(layer.op("Sqrt", variance), param.eps))


def _centered(layer: LayerWriter, x: str, *axes: list[int]) -> tuple[str, str]:
    """`x` less its mean over the axes, and its variance; the lists of axes are gone through one after the other."""
    centered = layer.op("Sub", x, _mean(layer, x, *axes))
    return centered, _mean(layer, layer.op("Mul", centered, centered), *axes)


def _mean(layer: LayerWriter, x: str, *axes: list[int]) -> str:
    for some in axes:
        x = layer.reduce("ReduceMean", x, some)
    return x
