"""Upsample and Unpooling: what pooling made small, large again."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch

from ....masks import is_apart
from ...registry import exports
from ...writing import LayerWriter


@exports("Upsample")
def upsample(layer: LayerWriter) -> str:
    """YOLO's: Resize, which repeats. SegNet's: ScatterElements at the mask's places."""
    if layer.layer.has_mask:
        return _put(layer, layer.top_shapes[0][2:])
    down, across = layer.layer.scales
    if (down, across) == (1, 1):
        return layer.bottoms[0]
    return layer.op("Resize", layer.bottoms[0], "", layer.constant([1, 1, down, across]), mode="nearest",
                    coordinate_transformation_mode="asymmetric", nearest_mode="floor")


@exports("Unpooling")
def unpooling(layer: LayerWriter) -> str:
    """MAX: ScatterElements at the mask's places, or without a mask Gather along each axis, of zeros too. TILE and AVE:
    ConvTranspose with ones.
    """
    method = layer.param.unpooling_param.unpool
    if method == "MAX":
        return _put(layer, layer.layer.size) if len(layer.bottoms) == 2 else _at_beginnings(layer)
    x, settings = layer.bottoms[0], layer.layer
    if method == "AVE":
        areas = settings.areas(layer.bottom_shapes[0][2:], torch.device("cpu"))
        x = layer.op("Div", x, layer.constant(areas.numpy(), name="areas"))
    return _spread(layer, x)


def _put(layer: LayerWriter, size: Sequence[int]) -> str:
    """The values at their places of planes of zeros, of which each is a row."""
    values, mask = (layer.reshape(x, (0, 0, -1)) for x in layer.bottoms)
    places = layer.cast(mask, np.int64)
    plane = length = math.prod(size)
    if not is_apart(layer.node.inputs[1].producer):
        count = math.prod(layer.bottom_shapes[0][2:])
        places, values = _last_ones(layer, places, values, plane, count)
        length = plane + count
    lengths = layer.op("Concat", layer.op("Shape", values, end=2), layer.integers([length]), axis=0)
    zeros = layer.op("Expand", layer.constant(0), lengths)
    planes = layer.op("ScatterElements", zeros, places, values, axis=2)
    return layer.reshape(planes if length == plane else layer.slice(planes, [0], [plane], [2]), (0, 0, *size))


def _last_ones(layer: LayerWriter, places: str, values: str, plane: int, count: int) -> tuple[str, str]:
    """The places and values in another order; values that are not the last at their place get others behind the plane,
    for ONNX does not say which of several at one place stays.
    """
    numbered = layer.op("Add", layer.op("Mul", places, layer.integers(count)), layer.integers(np.arange(count)))
    ordered, _ = layer.ops("TopK", 2, numbered, layer.integers([count]), axis=2)
    places = layer.op("Div", ordered, layer.integers(count))
    before = layer.op("Pad", layer.slice(places, [0], [-1], [2]), layer.integers([0, 0, 1, 0, 0, 0]),
                      layer.integers(-1))
    again = layer.op("Equal", places, before)
    values = layer.op("GatherElements", values, layer.op("Mod", ordered, layer.integers(count)), axis=2)
    return layer.op("Where", again, layer.integers(plane + np.arange(count)), places), values


def _at_beginnings(layer: LayerWriter) -> str:
    """The values at the places where their windows begin; behind the last row and column stand the zeros between."""
    x = layer.pad(layer.bottoms[0], [0] * 4, [0, 0, 1, 1])
    settings = layer.layer
    for axis, length, stride, size in zip((2, 3), layer.bottom_shapes[0][2:], settings.stride, settings.size):
        numbers = np.full(size, length)
        for i in range(length):         # of several at one place the last stays
            numbers[min(i * stride, size - 1)] = i
        x = layer.op("Gather", x, layer.integers(numbers), axis=axis)
    return x


def _spread(layer: LayerWriter, x: str) -> str:
    """The sums of the windows over each place of the top."""
    settings, shape = layer.layer, layer.bottom_shapes[0]
    kernel, stride = ([min(pair) for pair in zip(given, settings.size)]
                      for given in (settings.kernel, settings.stride))
    ones = layer.constant(np.ones((shape[1], 1, *kernel)), name="ones")
    x = layer.op("ConvTranspose", x, ones, kernel_shape=kernel, strides=stride, group=shape[1])
    made = [(length - 1) * step + window for length, step, window in zip(shape[2:], stride, kernel)]
    if any(length > wanted for length, wanted in zip(made, settings.size)):
        x = layer.slice(x, [0, 0], settings.size, [2, 3])
    more = [max(0, wanted - length) for length, wanted in zip(made, settings.size)]
    return layer.pad(x, [0] * 4, [0, 0, *more]) if any(more) else x
