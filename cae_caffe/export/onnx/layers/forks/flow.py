"""FlowNet2's layers for images that move: FlowWarp, ChannelNorm, Mean and DataAugmentation."""

from __future__ import annotations

import numpy as np

from .....engine.layers.forks import data_augmentation
from ...registry import Inexpressible, exports
from ...writing import LayerWriter


@exports("FlowWarp")
def flow_warp(layer: LayerWriter) -> str:
    """GatherElements of the four pixels, and their mean by Mul and Add: GridSample rounds where it looks."""
    (image, flow), (_, channels, height, width) = layer.bottoms, layer.bottom_shapes[0]
    lengths = (width, height)
    moved = layer.split(flow, [1, 1], 1)
    own = (np.arange(width), np.arange(height)[:, np.newaxis])
    places = [layer.op("Add", part, layer.constant(numbers)) for part, numbers in zip(moved, own)]
    inside = _inside(layer, places, lengths)
    places = [layer.op("Where", inside, place, layer.constant(0)) for place in places]
    before = [layer.op("Floor", place) for place in places]
    parts = [layer.op("Sub", place, whole) for place, whole in zip(places, before)]
    behind = [layer.op("Min", layer.plus(whole, 1), layer.constant(length - 1))
              for whole, length in zip(before, lengths)]
    pixels = layer.reshape(image, (0, 0, -1))

    def at(column: str, row: str) -> str:
        whole = [layer.cast(number, np.int64) for number in (row, column)]
        place = layer.op("Add", layer.op("Mul", whole[0], layer.integers(width)), whole[1])
        place = layer.reshape(place, (0, 0, -1))
        if channels > 1:
            place = layer.op("Expand", place, layer.integers([1, channels, 1]))
        return layer.reshape(layer.op("GatherElements", pixels, place, axis=2), (0, 0, height, width))

    upper, lower = (_between(layer, at(before[0], row), at(behind[0], row), parts[0])
                    for row in (before[1], behind[1]))
    return layer.op("Where", inside, _between(layer, upper, lower, parts[1]), layer.constant(layer.layer.fill))


def _inside(layer: LayerWriter, places: list[str], lengths: tuple[int, int]) -> str:
    """Whether the places, a column and a row, lie in the image."""
    sides = [layer.op(kind, place, layer.constant(bound)) for place, length in zip(places, lengths)
             for kind, bound in (("GreaterOrEqual", 0), ("Less", length))]
    return layer.op("And", layer.op("And", *sides[:2]), layer.op("And", *sides[2:]))


def _between(layer: LayerWriter, one: str, other: str, part: str) -> str:
    rest = layer.op("Sub", layer.constant(1), part)
    return layer.op("Add", layer.op("Mul", one, rest), layer.op("Mul", other, part))


@exports("ChannelNorm")
def channel_norm(layer: LayerWriter) -> str:
    """ReduceL2."""
    return layer.reduce("ReduceL2", layer.bottoms[0], [1])


@exports("Mean")
def mean(layer: LayerWriter) -> list[str]:
    """Add, and Mul where a scale is not 1."""
    param, values = layer.param.mean_param, layer.layer.mean.cpu().numpy()
    tops = []
    for x, shape in zip(layer.bottoms, layer.bottom_shapes):
        term = layer.constant(np.tile(values, (shape[1] // len(values), 1, 1)), name="mean")
        added = layer.op("Add", layer.times(x, param.input_scale), term)
        tops.append(layer.times(added, param.output_scale))
    return tops


@exports("DataAugmentation")
def data_augmentation_at_test_time(layer: LayerWriter) -> str:
    """Gather along each axis, of a pixel or of two and their mean, and Sub of the mean."""
    x, param = layer.bottoms[0], layer.param.augmentation_param
    if data_augmentation.cuts(param):
        for axis in (2, 3):
            x = _cut(layer, x, axis)
    if param.recompute_mean:
        return layer.op("Sub", x, _running_mean(layer))
    if param.mean and not param.mean_per_pixel:
        return layer.op("Sub", x, layer.constant(np.reshape(param.mean, (-1, 1, 1)), name="mean"))
    return x


def _cut(layer: LayerWriter, x: str, axis: int) -> str:
    whole, length = layer.bottom_shapes[0][axis], layer.top_shapes[0][axis]
    first, second, parts = data_augmentation.neighbours(whole, length)
    before = layer.op("Gather", x, layer.integers(first), axis=axis)
    if not parts.any():
        return before
    behind = layer.op("Gather", x, layer.integers(second), axis=axis)
    parts = parts.reshape(-1, *[1] * (3 - axis))
    return layer.op("Add", layer.op("Mul", before, layer.constant(1 - parts)),
                    layer.op("Mul", behind, layer.constant(parts)))


def _running_mean(layer: LayerWriter) -> str:
    passes, wanted = int(layer.array(0).item()), layer.param.augmentation_param.recompute_mean
    if passes + 1 <= wanted:
        raise Inexpressible(f"`recompute_mean: {wanted}` takes the mean of so many passes, of which its weights have "
                            f"{passes}, and ONNX keeps nothing from one pass to the next")
    of_pixels, of_channels = layer.array(1), layer.array(2)
    if not layer.param.augmentation_param.mean_per_pixel:
        return layer.weight(2, of_channels, "mean")
    if of_pixels.shape[2:] != layer.top_shapes[0][2:]:
        of_pixels = of_pixels.mean((2, 3), keepdims=True)
    return layer.weight(1, of_pixels, "mean")
