"""ROIPooling and PSROIPooling, of regions of images."""

from __future__ import annotations

from ...modules.regions import CaffePSROIPool, CaffeROIPool
from ...registry import exports
from ...writing import LayerWriter


@exports("ROIPooling")
def roi_pooling(layer: LayerWriter) -> str:
    """A module of its own."""
    return layer.apply(CaffeROIPool, layer.layer.pooled, spatial_scale=layer.param.roi_pooling_param.spatial_scale)


@exports("PSROIPooling")
def psroi_pooling(layer: LayerWriter) -> str:
    """A module of its own."""
    settings = layer.layer
    return layer.apply(CaffePSROIPool, settings.outputs, settings.group,
                       spatial_scale=layer.param.psroi_pooling_param.spatial_scale)
