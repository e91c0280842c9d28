"""Pooling and SPP: Caffe's windows, which may reach beyond their padding and begin behind the image."""

from __future__ import annotations

import math

import numpy as np

from ....engine.layers.pooling import Pooling
from ....engine.pooling import LOWEST, NOWHERE, Windows
from ..registry import exports
from ..writing import LayerWriter


@exports("Pooling")
def pooling(layer: LayerWriter) -> list[str]:
    """MaxPool, AveragePool or one over the whole image; the mask from MaxPool's Indices.

    Of a maximum, Caffe leaves out what is no number, and ONNX does not say what becomes of it.
    """
    windows = layer.layer.windows(layer.bottom_shapes[0])
    if len(layer.top_shapes) > 1:
        return _maximum_and_mask(layer, windows)
    return [_pooled(layer, layer.layer, windows)]


@exports("SPP")
def spp(layer: LayerWriter) -> str:
    """Pooling for each level, and Concat of the levels as rows."""
    shape = layer.bottom_shapes[0]
    levels = [_pooled(layer, level.pooling, level.pooling.windows(shape)) for level in layer.layer.levels]
    if len(levels) == 1:
        return levels[0]
    return layer.op("Concat", *(layer.op("Flatten", level, axis=1) for level in levels), axis=1)


def _pooled(layer: LayerWriter, settings: Pooling, windows: Windows) -> str:
    """The bottom, pooled by the method of a Pooling layer."""
    x, method = layer.bottoms[0], settings.param.pooling_param.pool
    if method == "STOCHASTIC":
        return _weighted_mean(layer, x, windows)
    if settings.kernel is None:
        return layer.op("GlobalMaxPool" if method == "MAX" else "GlobalAveragePool", x)
    return _maximum(layer, x, windows) if method == "MAX" else _average(layer, x, windows)


def _maximum(layer: LayerWriter, x: str, windows: Windows) -> str:
    """MaxPool; behind a Pad where it takes no padding as long as the windows'."""
    x, pads, _ = _padded(layer, x, windows, LOWEST)
    return layer.op("MaxPool", x, pads=pads, **_options(windows))


def _maximum_and_mask(layer: LayerWriter, windows: Windows) -> list[str]:
    """The maxima, and their places in their own image: Indices count the images before it, and the Pad's values."""
    x, pads, image = _padded(layer, layer.bottoms[0], windows, LOWEST)
    maxima, indices = layer.ops("MaxPool", 2, x, pads=pads, **_options(windows))
    within = layer.op("Mod", indices, layer.integers(math.prod(image)))
    if image == windows.size:
        mask = layer.cast(within, np.float32)
    else:
        mask = layer.op("Gather", layer.constant(_places(windows, image), name="places"), within)
    if may_see_nothing(windows):
        nowhere = layer.op("Equal", maxima, layer.constant(LOWEST))
        mask = layer.op("Where", nowhere, layer.constant(NOWHERE), mask)
    return [maxima, mask]


def _places(windows: Windows, padded: tuple[int, ...]) -> np.ndarray:
    """For each value of an image that Pad has enlarged its place in the image itself, flat."""
    places = np.full(padded, NOWHERE, np.float32)
    inside = tuple(slice(pad, pad + size) for pad, size in zip(windows.pad, windows.size))
    places[inside] = np.arange(math.prod(windows.size)).reshape(windows.size)
    return places.ravel()


def may_see_nothing(windows: Windows) -> bool:
    """Whether all values of a window may lie beside the image."""
    return any(not any(0 <= start + place * dilation < size for place in range(kernel))
               for size, kernel, stride, pad, number, dilation
               in zip(windows.size, windows.kernel, windows.stride, windows.pad, windows.number, windows.dilation)
               for start in range(-pad, number * stride - pad, stride))


def _average(layer: LayerWriter, x: str, windows: Windows) -> str:
    """AveragePool: the padding counts in Caffe, and what lies beyond it does not."""
    beyond = [max(0, end - pad) for end, pad in zip(_ends(windows), windows.pad)]
    begins_inside = all(more < kernel for more, kernel in zip(beyond, windows.kernel))
    if windows.are_dilated or not begins_inside:
        return _mean_of_areas(layer, x, windows)
    if not any(beyond):
        counts = {"count_include_pad": 1} if any(windows.pad) else {}
        return layer.op("AveragePool", x, pads=[*windows.pad] * 2, **counts, **_options(windows))
    if any(windows.pad):
        x = layer.pad(x, (0, 0, *windows.pad), (0, 0, *windows.pad))
    return layer.op("AveragePool", x, pads=[0] * len(beyond) + beyond, **_options(windows))


def _mean_of_areas(layer: LayerWriter, x: str, windows: Windows) -> str:
    """The mean over all of each window, times the part of the window that Caffe divides by."""
    areas = windows.areas().numpy()
    if windows.are_dilated or not windows.are_of_images:
        areas = np.maximum(areas, 1)            # as PatchAveragePooling; Caffe's own windows may divide by 0
    with np.errstate(divide="ignore"):
        factors = np.float32(math.prod(windows.kernel)) / areas
    means = _mean(layer, x, windows)
    return means if (factors == 1).all() else layer.op("Mul", means, layer.constant(factors, name="shares"))


def _weighted_mean(layer: LayerWriter, x: str, windows: Windows) -> str:
    """The sum of squares over the sum, where that is above 0."""
    squares, mean = _mean(layer, layer.op("Mul", x, x), windows), _mean(layer, x, windows)
    zero = layer.constant(0.0)
    return layer.op("Where", layer.op("Greater", mean, zero), layer.op("Div", squares, mean), zero)


def _mean(layer: LayerWriter, x: str, windows: Windows) -> str:
    """The mean of each window, 0 beside the image; AveragePool knows `dilations` in later operator sets only."""
    if windows.are_dilated:
        channels = layer.bottom_shapes[0][1]
        weight = np.full((channels, 1, *windows.kernel), 1 / math.prod(windows.kernel))
        return layer.op("Conv", x, layer.constant(weight, name="window"), pads=[*windows.pad, *_ends(windows)],
                        group=channels, **_options(windows))
    x, pads, _ = _padded(layer, x, windows, 0)
    counts = {"count_include_pad": 1} if any(pads) else {}
    return layer.op("AveragePool", x, pads=pads, **counts, **_options(windows))


def _options(windows: Windows) -> dict[str, list[int]]:
    """The attributes of the operators."""
    options = {"kernel_shape": list(windows.kernel), "strides": list(windows.stride)}
    return {**options, "dilations": list(windows.dilation)} if windows.are_dilated else options


def _ends(windows: Windows) -> list[int]:
    """How far the windows reach behind the image along each axis."""
    return [max(0, (number - 1) * stride + extent - size - pad) for number, stride, extent, size, pad
            in zip(windows.number, windows.stride, windows.extent, windows.size, windows.pad)]


def _padded(layer: LayerWriter, x: str, windows: Windows, value: float) -> tuple[str, list[int], tuple[int, ...]]:
    """The tensor to pool, the `pads` to pool it with, and its size.

    An operator's own padding is shorter than its kernel; where the windows' is not, `x` is enlarged by values.
    """
    ends = _ends(windows)
    if all(max(pad, end) < kernel for pad, end, kernel in zip(windows.pad, ends, windows.kernel)):
        return x, [*windows.pad, *ends], windows.size
    size = tuple(pad + length + end for pad, length, end in zip(windows.pad, windows.size, ends))
    return layer.pad(x, (0, 0, *windows.pad), (0, 0, *ends), value), [0] * 2 * len(ends), size
