"""Normalize, of SSD and of NormFace."""

from __future__ import annotations

from ...modules.normalize import CaffeNormalize, CaffeUnitVectors
from ...registry import exports
from ...writing import LayerWriter


@exports("Normalize")
def normalize(layer: LayerWriter) -> str:
    """A module of its own for each fork's."""
    return _of_ssd(layer) if layer.layer.is_ssds else _of_normface(layer)


def _of_ssd(layer: LayerWriter) -> str:
    param = layer.param.norm_param
    options = {"across_spatial": param.across_spatial, "fix_scale": param.fix_scale}
    channels = None if param.channel_shared else layer.layer.blobs[0].count
    return layer.apply(CaffeNormalize, channels, param.eps, **_given(options), state={"weight": 0})


def _of_normface(layer: LayerWriter) -> str:
    param = layer.param.normalize_param
    options = {"return_norm": len(layer.top_shapes) > 1, "norm_has_gradient": param.bp_norm,
               "fix_gradient": param.fix_gradient}
    return layer.apply(CaffeUnitVectors, layer.layer.kind, **_given(options))


def _given(options: dict[str, bool]) -> dict[str, bool]:
    return {name: True for name, value in options.items() if value}
