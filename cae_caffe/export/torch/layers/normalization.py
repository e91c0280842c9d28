"""LRN, BatchNorm and MVN."""

from __future__ import annotations

from typing import Any

from torch import nn

from ..averages import QUOTIENTS, SUMS, AveragesBack, quotients
from ..literals import number
from ..modules.normalization import CaffeBatchNorm, CaffeLRNWithinChannel, CaffeMVN
from ..registry import Inexpressible, exports
from ..writing import LayerWriter

BATCH_NORMS: dict[int, type[nn.Module]] = {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d, 5: nn.BatchNorm3d}


@exports("LRN")
def lrn(layer: LayerWriter) -> str:
    """nn.LocalResponseNorm, or a module of its own within a channel."""
    param = layer.param.lrn_param
    if param.norm_region == "WITHIN_CHANNEL":
        return layer.apply(CaffeLRNWithinChannel, param.local_size, param.alpha, param.beta)
    return layer.apply(nn.LocalResponseNorm, param.local_size, alpha=param.alpha, beta=param.beta, k=param.k)


@exports("BatchNorm")
def batch_norm(layer: LayerWriter) -> str:
    """nn.BatchNorm2d and its like, without weight and bias, or where that would lose numbers of Caffe's, a subclass."""
    settings, param = layer.layer, layer.param.batch_norm_param
    if settings.eps < 0:
        raise Inexpressible(f"its `eps` is {settings.eps:g}, and PyTorch takes none below 0")
    mean, variance, factor = (layer.array(index) for index in range(3))
    momentum = momentum_of(settings.fraction)
    own: dict[str, Any] = {}
    if param.has("use_global_stats"):
        own = {"statistics": "running" if param.use_global_stats else "batch"}
    kind = BATCH_NORMS.get(len(layer.bottom_shapes[0]))
    if kind is not None and factor[0] == 1 and not own:
        return layer.apply(kind, settings.channels, eps=settings.eps, momentum=momentum, affine=False,
                           state=QUOTIENTS, back=AveragesBack())
    return layer.apply(CaffeBatchNorm, settings.channels, eps=settings.eps, momentum=momentum, **own,
                       state={**quotients(mean, variance, factor), **SUMS}, back=AveragesBack())


def momentum_of(fraction: float) -> float:
    """PyTorch's momentum, the part that is new, where the part `fraction` stays: of 0.9 it is 0.1, in as few digits."""
    return 1 - float(number(fraction))


@exports("MVN")
def mvn(layer: LayerWriter) -> str:
    """A module of its own."""
    param = layer.param.mvn_param
    return layer.apply(CaffeMVN, param.across_channels, param.normalize_variance, param.eps)
