"""ArgMax."""

from __future__ import annotations

import numpy as np

from ..registry import exports
from ..writing import LayerWriter

START = np.iinfo(np.int64).min      # of a slice that goes backward: to the first


@exports("ArgMax")
def argmax(layer: LayerWriter) -> str:
    """ArgMax and ReduceMax, or TopK of the values in reverse order, so that of equal ones the last comes first."""
    x, axis, shape = layer.bottoms[0], layer.layer.axis, layer.bottom_shapes[0]
    param = layer.param.argmax_param
    if axis is not None:
        return _values(layer, x, axis) if param.out_max_val else _places(layer, x, axis)
    if len(shape) != 2:
        x = layer.op("Flatten", x, axis=1)
    found = _places(layer, x, 1)
    if param.out_max_val:
        found = layer.op("Concat", found, _values(layer, x, 1), axis=1)
    return layer.reshape(found, [0, *layer.top_shapes[0][1:]])


def _values(layer: LayerWriter, x: str, axis: int) -> str:
    number = layer.param.argmax_param.top_k
    if number == 1:
        return layer.reduce("ReduceMax", x, [axis])
    return layer.ops("TopK", 2, x, layer.integers([number]), axis=axis)[0]


def _places(layer: LayerWriter, x: str, axis: int) -> str:
    number = layer.param.argmax_param.top_k
    if number == 1:
        return layer.cast(layer.op("ArgMax", x, axis=axis, keepdims=1, select_last_index=1), np.float32)
    reverse = layer.slice(x, [-1], [START], [axis], [-1])
    from_last = layer.ops("TopK", 2, reverse, layer.integers([number]), axis=axis)[1]
    lengths = layer.op("Shape", x, start=axis, end=axis + 1)
    last = layer.op("Sub", lengths, layer.integers([1]))
    return layer.cast(layer.op("Sub", last, from_last), np.float32)
