"""Maps in another size: Interp and Accum, whose corners stay corners; Resample and Downsample."""

from __future__ import annotations

from typing import Any

from ...literals import literal
from ...modules.resizing import CaffeAccum, CaffeDownsample, CaffeResample
from ...registry import exports
from ...writing import LayerWriter


@exports("Interp")
def interp(layer: LayerWriter) -> str:
    """F.interpolate, before it a slice where `pad_beg` or `pad_end` cut."""
    x, settings, options = layer.bottoms[0], layer.layer, layer.layer.options
    if options.pad_beg or options.pad_end:
        kept = f"{-options.pad_beg or ''}:{options.pad_end or ''}"
        x = layer.let(f"{x}[:, :, {kept}, {kept}]")
    if options.use_blob_size:
        size = f"{layer.bottoms[1]}.shape[2:]"
    elif _has_size(options):
        size = literal(settings.size)
    elif options.shrink_factor == options.zoom_factor == 1:
        return x
    else:
        size = layer.let(f"[{_length(options.shrink_factor, options.zoom_factor)} for length in {x}.shape[2:]]")
    return f'F.interpolate({x}, {size}, mode="bilinear", align_corners=True)'


def _has_size(options) -> bool:
    """Whether `height` and `width` count, as in the engine's layer."""
    one_factor = options.has("shrink_factor") != options.has("zoom_factor")
    return options.has("height") and options.has("width") and not one_factor


def _length(shrink: int, zoom: int) -> str:
    steps = "(length - 1)"
    steps = steps if shrink == 1 else f"{steps} // {shrink}"
    return f"{steps} * {zoom} + 1" if zoom != 1 else f"{steps} + 1"


@exports("Accum")
def accum(layer: LayerWriter) -> str:
    """A module of its own."""
    param = layer.param.accum_param
    options: dict[str, Any] = {}
    if layer.layer.has_reference:
        options = {"has_reference": True}
    elif param.size_divisible_by:
        options = {"divisor": param.size_divisible_by} if param.size_divisible_by > 1 else {}
    elif param.top_height and param.top_width:
        options = {"size": (param.top_height, param.top_width)}
    return layer.apply(CaffeAccum, **options)


@exports("Resample")
def resample(layer: LayerWriter) -> str:
    """A module of its own."""
    param = layer.param.resample_param
    antialias = {"antialias": True} if param.antialias and param.type != "NEAREST" else {}
    return layer.apply(CaffeResample, param.type.lower(), **_size(layer, param.height, param.width), **antialias)


@exports("Downsample")
def downsample(layer: LayerWriter) -> str:
    """A module of its own."""
    param = layer.param.downsample_param
    return layer.apply(CaffeDownsample, **_size(layer, param.top_height, param.top_width))


def _size(layer: LayerWriter, height: int, width: int) -> dict[str, Any]:
    """The size that the options say, where there is no second bottom to give it."""
    return {} if len(layer.bottoms) == 2 else {"size": (height, width)}
