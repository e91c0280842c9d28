"""Reshape and Flatten: the same values in another shape.

As Caffe's, ONNX's shapes have 0 for the length that the bottom has there, and -1 for what is left: by these the batch
goes through, whatever it is.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..registry import exports
from ..writing import LayerWriter


@exports("Reshape")
def reshape(layer: LayerWriter) -> str:
    """Reshape, by Caffe's own numbers for the axes that it replaces."""
    shape = layer.bottom_shapes[0]
    first, end = layer.layer.replaced(shape)
    dims = list(layer.param.reshape_param.shape.dim)
    if end == 0:            # they stand before the batch, which alone may be what is left
        dims = list(layer.top_shapes[0][:len(dims)])
    behind = [0] * (len(shape) - end) if first + len(dims) == end else shape[end:]
    return _reshaped(layer, [0] * first + dims + list(behind))


@exports("Flatten")
def flatten(layer: LayerWriter) -> str:
    """Flatten of all from axis 1 on; Reshape of others."""
    shape, param = layer.bottom_shapes[0], layer.param.flatten_param
    first, last = (axis % len(shape) for axis in (param.axis, param.end_axis))
    if first == 1 and last == len(shape) - 1 and last > first:
        return layer.op("Flatten", layer.bottoms[0], axis=1)
    return _reshaped(layer, [0] * first + [-1 if last >= first else 1] + list(shape[last + 1:]))


def _reshaped(layer: LayerWriter, shape: Sequence[int]) -> str:
    x = layer.bottoms[0]
    return x if layer.top_shapes[0] == layer.bottom_shapes[0] else layer.reshape(x, shape)
