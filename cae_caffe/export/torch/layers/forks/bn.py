"""BN: SegNet's, and PSPNet's of the same name."""

from __future__ import annotations

import math

from torch import nn

from ...modules.bn import CaffeBatchStatistics, CaffeFrozenBatchNorm
from ...modules.factors import CaffeScale
from ...registry import exports
from ...writing import LayerWriter
from ..normalization import BATCH_NORMS, momentum_of

LEARNED = {"weight": 0, "bias": 1}
WITH_AVERAGES = {**LEARNED, "running_mean": 2, "running_var": 3}


@exports("BN")
def bn(layer: LayerWriter) -> str:
    """nn.BatchNorm2d and its like; a module of its own where it is `frozen`, or the batch's statistics are tops."""
    settings = layer.layer
    if settings.has_averages and layer.param.bn_param.frozen:
        return layer.apply(CaffeFrozenBatchNorm, settings.channels, settings.eps, state=WITH_AVERAGES)
    if settings.has_averages:
        return _native(layer, momentum=momentum_of(layer.param.bn_param.momentum), state=WITH_AVERAGES)
    if not settings.by_batch:
        return layer.apply(CaffeScale, settings.channels, state=LEARNED)
    statistics = len(layer.top_shapes) > 1
    if statistics or math.prod(layer.bottom_shapes[0][2:]) == 1:    # PyTorch's refuses a batch of one value
        return layer.apply(CaffeBatchStatistics, settings.channels, settings.eps,
                           **({"return_statistics": True} if statistics else {}), state=LEARNED)
    return _native(layer, track_running_stats=False, state=LEARNED)


def _native(layer: LayerWriter, **options) -> str:
    """PyTorch's own; more axes than it takes are one to it."""
    settings, x = layer.layer, layer.bottoms[0]
    kind = BATCH_NORMS.get(len(layer.bottom_shapes[0]))
    module = layer.module(kind or nn.BatchNorm1d, settings.channels, eps=settings.eps, **options)
    return f"{module}({x})" if kind else f"{module}({x}.flatten(2)).view_as({x})"
