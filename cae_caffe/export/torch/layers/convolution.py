"""Convolution and Deconvolution, and what forks call them."""

from __future__ import annotations

from typing import Any

from torch import nn

from ..registry import Inexpressible, exports
from ..writing import LayerWriter

CONVOLUTIONS: list[type[nn.Module]] = [nn.Conv1d, nn.Conv2d, nn.Conv3d]
TRANSPOSED: list[type[nn.Module]] = [nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d]


@exports("Convolution", "Deconvolution", "ConvolutionDepthwise", "DepthwiseConvolution")
def convolution(layer: LayerWriter) -> list[str]:
    """nn.Conv2d or nn.ConvTranspose2d, or those of one axis or three, for each bottom.

    Several axes before the channels are one to them; without spatial axes there is one of length 1.
    """
    settings = layer.layer
    axes = settings.spatial_axes
    kinds = TRANSPOSED if settings.transposed else CONVOLUTIONS
    if axes > len(kinds):
        raise Inexpressible(f"there is no convolution over {axes} axes in PyTorch")
    state = {"weight": 0, "bias": 1} if len(settings.blobs) > 1 else {"weight": 0}
    module = layer.module(kinds[max(axes, 1) - 1], settings.channels, settings.outputs, short(settings.kernel) or 1,
                          **_options(settings), state=state)
    return [_applied(module, x, settings) for x in layer.bottoms]


def _options(settings) -> dict[str, Any]:
    options = {"stride": short(settings.stride), "padding": short(settings.pad), "dilation": short(settings.dilation),
               "groups": settings.group, "bias": len(settings.blobs) > 1}
    defaults = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1, "bias": True}
    return {name: value for name, value in options.items() if value not in (defaults[name], ())}


def short(lengths: tuple[int, ...]) -> int | tuple[int, ...]:
    """One length for all axes if they are alike."""
    return lengths[0] if len(set(lengths)) == 1 else lengths


def _applied(module: str, x: str, settings) -> str:
    before = settings.axis
    x = x if settings.spatial_axes else f"{x}.unsqueeze(-1)"
    y = f"{module}({x if before <= 1 else f'{x}.flatten(0, {before - 1})'})"
    y = y if before <= 1 else f"{y}.unflatten(0, {x}.shape[:{before}])"
    return y if settings.spatial_axes else f"{y}.squeeze(-1)"
