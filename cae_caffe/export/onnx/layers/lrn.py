"""LRN, of both regions."""

from __future__ import annotations

from ..registry import exports
from ..writing import LayerWriter


@exports("LRN")
def lrn(layer: LayerWriter) -> str:
    """LRN across channels; within each, and with numbers that LRN does not take, AveragePool of the squares and Pow."""
    param, x = layer.param.lrn_param, layer.bottoms[0]
    size, pad = param.local_size, param.local_size // 2
    within = param.norm_region == "WITHIN_CHANNEL"
    if not within and param.alpha > 0 and param.beta > 0:
        return layer.op("LRN", x, size=size, alpha=param.alpha, beta=param.beta, bias=param.k)
    squares = layer.op("Mul", x, x)
    if within:
        means = _means(layer, squares, (size, size), (pad, pad))
    else:
        height, width = layer.bottom_shapes[0][2:]
        rows = layer.reshape(squares, (0, 1, -1, height * width))
        means = layer.reshape(_means(layer, rows, (size, 1), (pad, 0)), (0, -1, height, width))
    # Caffe's k is for the region of channels alone (lrn_layer.cpp).
    scale = layer.plus(layer.times(means, param.alpha), 1 if within else param.k)
    return layer.op("Mul", x, layer.op("Pow", scale, layer.constant(-param.beta)))


def _means(layer: LayerWriter, squares: str, kernel: tuple[int, int], pad: tuple[int, int]) -> str:
    """The mean of each window, zeros beside the image counting."""
    counts = {"count_include_pad": 1} if any(pad) else {}
    return layer.op("AveragePool", squares, kernel_shape=list(kernel), pads=[*pad, *pad], strides=[1, 1], **counts)
