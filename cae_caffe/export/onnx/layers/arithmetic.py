"""Scale, Bias, Eltwise and Reduction: products, sums and maxima of blobs, and sums over axes."""

from __future__ import annotations

import functools

import numpy as np

from ..registry import Inexpressible, exports
from ..writing import LayerWriter

REDUCTIONS = {"SUM": "ReduceSum", "MEAN": "ReduceMean", "ASUM": "ReduceL1", "SUMSQ": "ReduceSumSquare"}


@exports("Scale")
def scale(layer: LayerWriter) -> str:
    """Mul, and Add of a bias; NormFace's `min_value` and `max_value` bound the factor before, by Clip if a bottom."""
    y, last = layer.op("Mul", layer.bottoms[0], _factor(layer, layer.layer.bounds)), len(layer.layer.blobs) - 1
    if layer.layer.bias is None:
        return y
    return layer.op("Add", y, _parameter(layer, last, layer.array(last), "bias"))


@exports("Bias")
def bias(layer: LayerWriter) -> str:
    """Add."""
    return layer.op("Add", layer.bottoms[0], _factor(layer))


def _factor(layer: LayerWriter, bounds: tuple | None = None) -> str:
    """What is multiplied or added, with as many axes of length 1 behind its own as let it lie over the first bottom."""
    if len(layer.bottoms) == 1:
        values = layer.array(0)
        return _parameter(layer, 0, values if bounds is None else np.clip(values, *bounds), "factor")
    factor, own = layer.bottoms[1], len(layer.bottom_shapes[1])
    if bounds is not None:
        factor = _bounded_bottom(layer, factor, bounds)
    behind = len(layer.bottom_shapes[0]) - layer.layer.spread.first - own
    return layer.reshape(factor, [0] * own + [1] * behind) if own and behind else factor


def _parameter(layer: LayerWriter, index: int, values: np.ndarray, name: str) -> str:
    spread = layer.layer.spread
    return layer.weight(index, values.reshape(spread.shape[spread.first:]) if values.ndim else values, name)


def _bounded_bottom(layer: LayerWriter, factor: str, bounds: tuple) -> str:
    if len(layer.node.inputs[1].consumers) > 1:
        raise Inexpressible("`min_value` and `max_value` change its second bottom, which other layers read too")
    least, most = ("" if bound is None else layer.constant(bound) for bound in bounds)
    return layer.op("Clip", factor, *([least, most] if most else [least]))


@exports("Eltwise")
def eltwise(layer: LayerWriter) -> str:
    """Sums by Mul, Add and Sub; products by Mul; Max."""
    operation = layer.param.eltwise_param.operation
    if operation == "MAX":
        return layer.op("Max", *layer.bottoms)
    if operation == "PROD":
        return functools.reduce(lambda product, x: layer.op("Mul", product, x), layer.bottoms)
    coefficients = layer.layer.coefficients
    total = layer.times(layer.bottoms[0], coefficients[0])
    for x, coefficient in zip(layer.bottoms[1:], coefficients[1:]):
        if coefficient < 0:
            total = layer.op("Sub", total, layer.times(x, -coefficient))
        elif coefficient > 0:
            total = layer.op("Add", total, layer.times(x, coefficient))
    return total


@exports("Reduction")
def reduction(layer: LayerWriter) -> str:
    """ReduceSum, ReduceMean, ReduceL1 or ReduceSumSquare over the last axes, times `coeff` (Mul).

    What is left of all axes becomes a single number last, by Squeeze, for OpenCV's operators read none.
    """
    param, first = layer.param.reduction_param, layer.layer.axis
    kind, axes = REDUCTIONS[param.operation], range(first, len(layer.bottom_shapes[0]))
    squeezed = first == 0 and param.coeff != 1
    y = layer.times(layer.reduce(kind, layer.bottoms[0], axes, keepdims=squeezed), param.coeff)
    return layer.op("Squeeze", y) if squeezed else y
