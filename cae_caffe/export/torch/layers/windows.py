"""SPP and Im2col."""

from __future__ import annotations

from ..modules.windows import CaffeIm2col, CaffeSPP
from ..registry import exports
from ..writing import LayerWriter
from .pooling import CAFFE


@exports("SPP")
def spp(layer: LayerWriter) -> str:
    """A module of its own over one of the poolings."""
    param = layer.param.spp_param
    return layer.apply(CaffeSPP, param.pyramid_height, layer.kind(CAFFE[param.pool]))


@exports("Im2col")
def im2col(layer: LayerWriter) -> str:
    """A module of its own."""
    settings = layer.layer
    axis = {} if settings.axis == 1 else {"axis": settings.axis}
    return layer.apply(CaffeIm2col, settings.kernel, settings.stride, settings.pad, settings.dilation, **axis)
