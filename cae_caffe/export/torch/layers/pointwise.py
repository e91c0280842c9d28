"""What is computed value by value."""

from __future__ import annotations

from torch import nn

from ..literals import number, plus, times
from ..registry import exports
from ..writing import LayerWriter


@exports("ReLU")
def relu(layer: LayerWriter) -> str:
    """nn.ReLU, or nn.LeakyReLU with a negative slope."""
    slope = layer.param.relu_param.negative_slope
    return layer.apply(nn.LeakyReLU, slope) if slope else layer.apply(nn.ReLU)


@exports("Sigmoid")
def sigmoid(layer: LayerWriter) -> str:
    """nn.Sigmoid."""
    return layer.apply(nn.Sigmoid)


@exports("TanH")
def tanh(layer: LayerWriter) -> str:
    """nn.Tanh."""
    return layer.apply(nn.Tanh)


@exports("AbsVal")
def absolute(layer: LayerWriter) -> str:
    """torch.abs."""
    return f"torch.abs({layer.bottoms[0]})"


@exports("BNLL")
def bnll(layer: LayerWriter) -> str:
    """nn.Softplus."""
    return layer.apply(nn.Softplus)


@exports("Clip")
def clip(layer: LayerWriter) -> str:
    """torch.clamp."""
    param = layer.param.clip_param
    return f"torch.clamp({layer.bottoms[0]}, {number(param.min)}, {number(max(param.min, param.max))})"


@exports("ELU")
def elu(layer: LayerWriter) -> str:
    """nn.ELU."""
    return layer.apply(nn.ELU, layer.param.elu_param.alpha)


@exports("Exp")
def exponential(layer: LayerWriter) -> str:
    """torch.exp."""
    settings = layer.layer
    return times(f"torch.exp({times(layer.bottoms[0], settings.inner)})", settings.outer)


@exports("Log")
def logarithm(layer: LayerWriter) -> str:
    """torch.log."""
    settings = layer.layer
    return times(f"torch.log({plus(times(layer.bottoms[0], settings.scale), settings.shift)})", settings.outer)


@exports("Power")
def power(layer: LayerWriter) -> str:
    """The bottom scaled, shifted and raised, as Python writes it; or torch.full_like, if it is one constant."""
    settings, x = layer.layer, layer.bottoms[0]
    if settings.constant is not None:
        return f"torch.full_like({x}, {number(settings.constant)})"
    inner = plus(times(x, settings.scale), settings.shift)
    return inner if settings.power == 1 else f"({inner}) ** {number(settings.power)}"


@exports("PReLU")
def prelu(layer: LayerWriter) -> str:
    """nn.PReLU."""
    return layer.apply(nn.PReLU, layer.layer.blobs[0].count, state={"weight": 0})


@exports("Swish")
def swish(layer: LayerWriter) -> str:
    """nn.SiLU, or with a `beta` the product that it is."""
    beta, x = layer.param.swish_param.beta, layer.bottoms[0]
    return layer.apply(nn.SiLU) if beta == 1 else f"{x} * torch.sigmoid({times(x, beta)})"


@exports("Threshold")
def threshold(layer: LayerWriter) -> str:
    """A comparison, as numbers."""
    x = layer.bottoms[0]
    return f"({x} > {number(layer.param.threshold_param.threshold)}).to({x}.dtype)"


@exports("Dropout")
def dropout(layer: LayerWriter) -> str:
    """nn.Dropout; of forks, values that shrink in eval mode instead of growing in train mode, or drop in both."""
    param, x = layer.param.dropout_param, layer.bottoms[0]
    ratio = param.dropout_ratio
    if not 0 <= ratio <= 1:     # at test time Caffe does not look at it
        return x
    if param.sample_weights_test:
        y = f"F.dropout({x}, {number(ratio)})"
        return y if param.scale_train else f"{y} * {number(1 - ratio)}"
    y = layer.apply(nn.Dropout, ratio)
    return y if param.scale_train else f"{y} * {number(1 - ratio)}"
