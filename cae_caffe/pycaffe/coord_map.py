"""`caffe.coord_map`: how the coordinates of one top of a NetSpec map to another's, and the Crop that aligns them.

A map is (axis, scale, shift): along the axes from the one after `axis` on (None for any), what stands at coordinate i
of the input stands at scale * i + shift of the output. Scale and shift are numbers, or arrays, one number an axis.
"""

from __future__ import annotations

from typing import Callable

import numpy as np

from ..errors import InputError
from ..net_spec import Function, Top
from ..net_spec import layers as L

PASS_THROUGH_LAYERS = ["AbsVal", "BNLL", "BatchNorm", "Bias", "Dropout", "ELU", "Eltwise", "Exp", "LRN", "Log", "MVN",
                       "PReLU", "Power", "ReLU", "Scale", "Sigmoid", "Split", "TanH", "Threshold"]

IDENTITY = (None, 1, 0)
_LEGACY = {"kernel_h", "kernel_w", "pad_h", "pad_w", "stride_h", "stride_w"}


class UndefinedMapException(InputError):        # noqa: N818 - pycaffe's name
    """Raised for a layer whose outputs have no coordinates of its inputs."""


class AxisMismatchException(InputError):        # noqa: N818 - pycaffe's name
    """Raised for maps along different axes."""


class CropError(InputError, AssertionError):
    """Raised where one top cannot be cropped to another. Caffe asserts."""


def conv_params(fn: Function):
    """Axis, stride, kernel (dilated) and pad of a Convolution, Deconvolution, Im2col or Pooling; arrays but for axis.

    Raises CropError if they are given for height and width apart.
    """
    params = fn.params.get("convolution_param", fn.params.get("pooling_param", fn.params))
    legacy = sorted(_LEGACY.intersection(params))
    if legacy:
        raise CropError(f"A {fn.type_name} layer gives {', '.join(legacy)}, which coordinate maps do not read; give "
                        "lists as kernel_size, pad and stride.")
    if "kernel_size" not in params:
        raise UndefinedMapException(f"A {fn.type_name} layer without kernel_size has no coordinate map.")
    kernel, dilation, stride, pad = (np.array(params.get(name, default), ndmin=1) for name, default in (
        ("kernel_size", None), ("dilation", 1), ("stride", 1), ("pad", 0)))
    return params.get("axis", 1), stride, (kernel - 1) * dilation + 1, pad


def crop_params(fn: Function):
    """Axis and offset (an array) of a Crop layer."""
    params = fn.params.get("crop_param", fn.params)
    return params.get("axis", 2), np.array(params.get("offset", 0), ndmin=1)


def _shrinking(fn: Function):
    axis, stride, kernel, pad = conv_params(fn)
    return axis, 1 / stride, (pad - (kernel - 1) / 2) / stride


def _growing(fn: Function):
    axis, stride, kernel, pad = conv_params(fn)
    return axis, stride, (kernel - 1) / 2 - pad


def _cropping(fn: Function):
    axis, offset = crop_params(fn)
    return axis - 1, 1, -offset         # a Crop counts from its first cropped axis, maps from the one before


_MAPS: dict[str, Callable] = {"Convolution": _shrinking, "Pooling": _shrinking, "Im2col": _shrinking,
                              "Deconvolution": _growing, "Crop": _cropping,
                              **{name: lambda fn: IDENTITY for name in PASS_THROUGH_LAYERS}}


def coord_map(fn: Function):
    """The map of one layer. Raises UndefinedMapException for types that have none, such as InnerProduct."""
    if fn.type_name not in _MAPS:
        raise UndefinedMapException(f"A {fn.type_name} layer has no coordinate map.")
    return _MAPS[fn.type_name](fn)


def compose(base_map, next_map):
    """The map that applies `next_map` first and then `base_map`. Raises AxisMismatchException if their axes differ."""
    (base_axis, base_scale, base_shift), (axis, scale, shift) = base_map, next_map
    if base_axis is not None and axis is not None and base_axis != axis:
        raise AxisMismatchException(f"A map along the axes from {base_axis} on does not compose with one from {axis} "
                                    "on.")
    return axis if base_axis is None else base_axis, base_scale * scale, base_scale * shift + base_shift


def inverse(coord_map):
    """The map back."""
    axis, scale, shift = coord_map
    return axis, 1 / scale, -shift / scale


def coord_map_from_to(top_from: Top, top_to: Top):
    """The map between two tops through the layers that lead to both.

    Raises InputError if no top leads to both through layers with coordinate maps.
    """
    from_maps = dict(_walk_back(top_from))
    for top, to_map in _walk_back(top_to):
        if top in from_maps:
            return compose(to_map, inverse(from_maps[top]))
    raise InputError("The two tops have no coordinate map between them; they must come from one top through layers "
                     "such as Convolution, Pooling and ReLU.")


def _walk_back(top: Top):
    """Yield `top` and the tops before it, each once with its map to `top`: where ways part and meet, all agree."""
    frontier, seen = [(top, IDENTITY)], set()
    while frontier:
        current, so_far = frontier.pop()
        if current in seen:
            continue
        seen.add(current)
        yield current, so_far
        try:
            step = coord_map(current.fn)
        except UndefinedMapException:
            continue
        # The second bottom of a Crop gives a size alone.
        bottoms = current.fn.inputs[:1] if current.fn.type_name == "Crop" else current.fn.inputs
        frontier += [(bottom, compose(so_far, step)) for bottom in bottoms]


def crop(top_from: Top, top_to: Top) -> Top:
    """A Crop layer that cuts `top_from` to the part that lies over `top_to`.

    Raises CropError if the two differ in scale, or their offset is negative or no whole number.
    """
    axis, scale, shift = coord_map_from_to(top_from, top_to)
    scale, shift = np.asarray(scale), np.asarray(shift)
    for holds, problem in (((scale == 1).all(), f"their scales differ by {scale}"),
                           ((shift <= 0).all(), f"the offset {-shift} is negative"),
                           ((np.round(shift) == shift).all(), f"the offset {-shift} is no whole number")):
        if not holds:
            raise CropError(f"One top cannot be cropped to the other: {problem}; change the pads or strides between "
                            "them.")
    crop = {"axis": axis + 1, "offset": (-np.round(shift)).astype(int).tolist()}
    return L.Crop(top_from, top_to, crop_param=crop)
