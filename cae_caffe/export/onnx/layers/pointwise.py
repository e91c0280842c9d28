"""What is computed value by value.

Of infinite values, and of what is no number, ONNX promises nothing: a factor of 0, of which Caffe makes 0 whatever the
value, makes no number of them here.
"""

from __future__ import annotations

import numpy as np

from ..registry import Inexpressible, exports
from ..writing import LayerWriter


@exports("AbsVal")
def abs_val(layer: LayerWriter) -> str:
    """Abs."""
    return layer.op("Abs", *layer.bottoms)


@exports("BNLL")
def bnll(layer: LayerWriter) -> str:
    """Relu(x) + Softplus(-|x|), for OpenCV's Softplus of x itself is infinite from 89 on."""
    x, = layer.bottoms
    rest = layer.op("Softplus", layer.op("Neg", layer.op("Abs", x)))
    return layer.op("Add", layer.op("Relu", x), rest)


@exports("Clip")
def clip(layer: LayerWriter) -> str:
    """Clip; to `min` alone where `max` is below it, as in Caffe."""
    least, most = layer.layer.least, layer.layer.most
    return layer.op("Clip", *layer.bottoms, layer.constant(least), layer.constant(max(least, most)))


@exports("Dropout")
def dropout(layer: LayerWriter) -> str:
    """The bottom itself; times what is kept of it, where a fork's nets shrink at test time (Mul)."""
    if layer.layer.drops:
        raise Inexpressible("`sample_weights_test: true` draws random numbers at test time")
    return layer.times(layer.bottoms[0], layer.layer.scale)


@exports("ELU")
def elu(layer: LayerWriter) -> str:
    """Elu."""
    return layer.op("Elu", *layer.bottoms, alpha=layer.layer.alpha)


@exports("Exp")
def exp(layer: LayerWriter) -> str:
    """Exp of the bottom times ln(base) `scale`, times base ^ `shift`."""
    inner = layer.times(layer.bottoms[0], layer.layer.inner)
    return layer.times(layer.op("Exp", inner), layer.layer.outer)


@exports("Log")
def log(layer: LayerWriter) -> str:
    """Log of the bottom times `scale`, plus `shift`; divided by the logarithm of the base."""
    return layer.times(layer.op("Log", _scaled_and_shifted(layer)), layer.layer.outer)


@exports("Power")
def power(layer: LayerWriter) -> str:
    """Pow of the bottom times `scale`, plus `shift`; one number for all where `scale` or `power` is 0."""
    settings = layer.layer
    if settings.constant is not None:
        return layer.op("Add", layer.times(layer.bottoms[0], 0), layer.constant(settings.constant))
    inner = _scaled_and_shifted(layer)
    return inner if settings.power == 1 else layer.op("Pow", inner, layer.constant(settings.power))


def _scaled_and_shifted(layer: LayerWriter) -> str:
    return layer.plus(layer.times(layer.bottoms[0], layer.layer.scale), layer.layer.shift)


@exports("PReLU")
def prelu(layer: LayerWriter) -> str:
    """PRelu, with a slope for each channel, or one for all."""
    slope = layer.array(0)
    if slope.ndim:
        slope = slope.reshape(-1, *(1,) * (len(layer.bottom_shapes[0]) - 2))
    return layer.op("PRelu", *layer.bottoms, layer.weight(0, slope, "slope"))


@exports("ReLU")
def relu(layer: LayerWriter) -> str:
    """Relu, or LeakyRelu with a negative slope."""
    slope = layer.param.relu_param.negative_slope
    if slope:
        return layer.op("LeakyRelu", *layer.bottoms, alpha=slope)
    return layer.op("Relu", *layer.bottoms)


@exports("Sigmoid")
def sigmoid(layer: LayerWriter) -> str:
    """Sigmoid."""
    return layer.op("Sigmoid", *layer.bottoms)


@exports("Swish")
def swish(layer: LayerWriter) -> str:
    """The bottom times Sigmoid of it times `beta`."""
    x, = layer.bottoms
    return layer.op("Mul", x, layer.op("Sigmoid", layer.times(x, layer.layer.beta)))


@exports("TanH")
def tanh(layer: LayerWriter) -> str:
    """Tanh."""
    return layer.op("Tanh", *layer.bottoms)


@exports("Threshold")
def threshold(layer: LayerWriter) -> str:
    """Greater, as 0 and 1."""
    return layer.cast(layer.op("Greater", *layer.bottoms, layer.constant(layer.layer.threshold)), np.float32)
