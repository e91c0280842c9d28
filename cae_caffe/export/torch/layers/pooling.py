"""Pooling."""

from __future__ import annotations

from typing import Any

from torch import nn

from ..modules.pooling import CaffeAvgPool, CaffeMaxPool, CaffePool, CaffeStochasticPool
from ..registry import exports
from ..writing import LayerWriter
from .convolution import short

IMAGES, VOLUMES = 2, 3      # axes that are pooled
MODULES: dict[tuple[str, int], type[nn.Module]] = {
    ("MAX", IMAGES): nn.MaxPool2d, ("MAX", VOLUMES): nn.MaxPool3d,
    ("AVE", IMAGES): nn.AvgPool2d, ("AVE", VOLUMES): nn.AvgPool3d}
GLOBAL: dict[tuple[str, int], type[nn.Module]] = {
    ("MAX", IMAGES): nn.AdaptiveMaxPool2d, ("MAX", VOLUMES): nn.AdaptiveMaxPool3d,
    ("AVE", IMAGES): nn.AdaptiveAvgPool2d, ("AVE", VOLUMES): nn.AdaptiveAvgPool3d}
CAFFE: dict[str, type[CaffePool]] = {"MAX": CaffeMaxPool, "AVE": CaffeAvgPool, "STOCHASTIC": CaffeStochasticPool}


@exports("Pooling")
def pooling(layer: LayerWriter) -> str | list[str]:
    """nn.MaxPool2d, nn.AvgPool2d and their like where their windows are Caffe's for images of any size."""
    pool, settings = layer.param.pooling_param.pool, layer.layer
    with_places = {"return_indices": True} if len(layer.top_shapes) > 1 else {}
    kind = (pool, settings.axes)
    if layer.param.pooling_param.global_pooling and kind in GLOBAL:
        y = layer.apply(GLOBAL[kind], 1, **with_places)
    elif kind in MODULES and _are_native(layer):
        y = layer.apply(MODULES[kind], short(settings.kernel), **_options(layer), **with_places)
    else:
        return layer.apply(CAFFE[pool], settings.kernel, settings.stride, settings.pad, settings.dilation,
                           **({} if rounds_up(layer) else {"ceil_mode": False}), **with_places)
    if not with_places:
        return y
    top, places = layer.let_tops(y)
    return [top, f"{places}.float()"]


def rounds_up(layer: LayerWriter) -> bool:
    """Whether windows that reach beyond the padding count."""
    param = layer.param.pooling_param
    return param.round_mode == "CEIL" and param.ceil_mode


def _are_native(layer: LayerWriter) -> bool:
    """Whether PyTorch's windows are Caffe's, whatever the image's size.

    PyTorch's padding is at most half a kernel. With `ceil_mode` no window of its own begins behind the image; Caffe
    leaves those out if there is padding, and without it there is none unless the stride is larger than the kernel.
    """
    settings = layer.layer
    return (max(settings.dilation) == 1
            and all(2 * pad <= kernel for pad, kernel in zip(settings.pad, settings.kernel or settings.pad))
            and (any(settings.pad) or not rounds_up(layer)
                 or all(stride <= kernel for stride, kernel in zip(settings.stride, settings.kernel))))


def _options(layer: LayerWriter) -> dict[str, Any]:
    settings = layer.layer
    options: dict[str, Any] = {"stride": short(settings.stride)}
    if any(settings.pad):
        options["padding"] = short(settings.pad)
    if rounds_up(layer):
        options["ceil_mode"] = True
    return options
