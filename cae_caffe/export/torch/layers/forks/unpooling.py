"""Upsample and Unpooling: what pooling made small, large again."""

from __future__ import annotations

from torch import nn

from ....masks import is_apart
from ...literals import literal
from ...modules.unpooling import CaffePutAtBeginnings, CaffePutBack, CaffeSpread
from ...registry import exports
from ...writing import LayerWriter
from ..convolution import short


@exports("Upsample")
def upsample(layer: LayerWriter) -> str:
    """YOLO's: nn.Upsample, which repeats. SegNet's: nn.MaxUnpool2d, or a module of its own (see `_put_back`)."""
    settings, param = layer.layer, layer.param.upsample_param
    if not settings.has_mask:
        return _repeated(layer, settings.scales[0])
    if settings.size is not None:
        return _put_back(layer, 2, settings.size)
    cut = (int(param.pad_out_h), int(param.pad_out_w))
    if not any(cut) and is_apart(layer.node.inputs[1].producer):
        return _native(layer, short(settings.scales))
    return layer.apply(CaffePutBack, scale=settings.scales, **({"cut": cut} if any(cut) else {}))


def _repeated(layer: LayerWriter, scale: int) -> str:
    if scale == 1:
        return layer.bottoms[0]
    # By default it multiplies by the rounded inverse, which is exact for powers of 2; "nearest-exact" is off by half.
    mode = {} if scale & (scale - 1) == 0 else {"mode": "nearest-exact"}
    return layer.apply(nn.Upsample, scale_factor=scale, **mode)


@exports("Unpooling")
def unpooling(layer: LayerWriter) -> str:
    """MAX with a mask: nn.MaxUnpool2d, or a module of its own (see `_put_back`); of its own, too, what has no mask."""
    method, settings = layer.param.unpooling_param.unpool, layer.layer
    if method == "MAX" and len(layer.bottoms) == 2:
        return _put_back(layer, settings.kernel, settings.size, settings.stride)
    if method == "MAX":
        return layer.apply(CaffePutAtBeginnings, settings.size, settings.stride)
    return layer.apply(CaffeSpread, settings.size, settings.kernel, settings.stride,
                       **({"average": True} if method == "AVE" else {}))


def _put_back(layer: LayerWriter, kernel: int | tuple[int, int], size: tuple[int, int],
              stride: tuple[int, int] | None = None) -> str:
    """Planes of `size` with the values at the mask's places.

    By nn.MaxUnpool2d where it takes the size, less than a stride off its own, and no two values have one place: of
    these it gives each the gradient of the last.
    """
    kernels = (kernel, kernel) if isinstance(kernel, int) else kernel
    strides = stride or kernels
    own = [(length - 1) * step + window
           for length, step, window in zip(layer.bottom_shapes[0][2:], strides, kernels)]
    fits = all(abs(wanted - length) < step for wanted, length, step in zip(size, own, strides))
    if fits and is_apart(layer.node.inputs[1].producer):
        return _native(layer, short(kernels), *([short(strides)] if strides != kernels else []), size=size)
    return layer.apply(CaffePutBack, size=size)


def _native(layer: LayerWriter, *lengths: int | tuple[int, ...], size: tuple[int, int] | None = None) -> str:
    x, mask = layer.bottoms
    told = "" if size is None else f", output_size={literal(size)}"
    return f"{layer.module(nn.MaxUnpool2d, *lengths)}({x}, {mask}.long(){told})"
