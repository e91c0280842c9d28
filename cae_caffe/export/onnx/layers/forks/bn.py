"""BN: SegNet's, and PSPNet's of the same name."""

from __future__ import annotations

from ...registry import exports
from ...writing import LayerWriter


@exports("BN")
def bn(layer: LayerWriter) -> list[str]:
    """PSPNet's: BatchNormalization. SegNet's INFERENCE: Mul and Add; its LEARN: the batch's own statistics, too."""
    x, settings = layer.bottoms[0], layer.layer
    if settings.has_averages:
        constants = [layer.weight(i, layer.array(i).reshape(-1), name)
                     for i, name in enumerate(("slope", "bias", "mean", "variance"))]
        return [layer.op("BatchNormalization", x, *constants, epsilon=settings.eps)]
    behind = [1] * (len(layer.bottom_shapes[0]) - 2)
    scale, shift = (layer.weight(i, layer.array(i).reshape(-1, *behind), name)
                    for i, name in enumerate(("scale", "shift")))
    if not settings.by_batch:
        return [layer.op("Add", layer.op("Mul", x, scale), shift)]
    mean = _mean(layer, x)
    centred = layer.op("Sub", x, mean)
    variance = _mean(layer, layer.op("Mul", centred, centred))
    factor = layer.op("Div", scale, layer.op("Sqrt", layer.plus(variance, settings.eps)))
    tops = [layer.op("Add", layer.op("Mul", centred, factor), shift)]
    for statistic, shape in zip((mean, variance), layer.top_shapes[1:]):
        tops.append(statistic if len(behind) == len(shape) - 2 else layer.reshape(statistic, shape))
    return tops


def _mean(layer: LayerWriter, x: str) -> str:
    """The mean of each channel: over the pixels, and then over the batch, as OpenCV 5 adds up wrongly over both."""
    behind = list(range(2, len(layer.bottom_shapes[0])))
    return layer.reduce("ReduceMean", layer.reduce("ReduceMean", x, behind) if behind else x, [0])
