"""ROIPooling and PSROIPooling, of regions of images."""

from __future__ import annotations

import numpy as np

from .....engine.layers.forks.psroi_pooling import SMALLEST
from .....engine.layers.forks.regions import VALUES
from ...registry import exports
from ...writing import LayerWriter


def _rows(layer: LayerWriter) -> str:
    """The regions as (R, 5)."""
    regions, shape = layer.bottoms[1], layer.bottom_shapes[1]
    return regions if len(shape) == len(("regions", "values")) else layer.reshape(regions, (-1, VALUES))


@exports("ROIPooling")
def roi_pooling(layer: LayerWriter) -> str:
    """MaxRoiPool, which onnxruntime computes as Caffe does."""
    param = layer.param.roi_pooling_param
    return layer.op("MaxRoiPool", layer.bottoms[0], _rows(layer), pooled_shape=list(layer.layer.pooled),
                    spatial_scale=param.spatial_scale)


@exports("PSROIPooling")
def psroi_pooling(layer: LayerWriter) -> str:
    """For each bin, MatMul of the masks of the regions' bins with its maps, and Div by how many values they have.

    What is infinite or no number in a map spreads to all of its bins, which in the engine have their own values alone.
    """
    settings, (_, _, height, width) = layer.layer, layer.bottom_shapes[0]
    outputs, group = settings.outputs, settings.group
    image, x1, y1, x2, y2 = layer.split(_rows(layer), [1] * VALUES, 1)
    columns, rows = _inside(layer, x1, x2, group, width), _inside(layer, y1, y2, group, height)
    # Masks (bins, R, N, H, W), of which the bins are counted by rows, as channels are.
    by_bin = np.arange(group ** 2)
    rows, columns = (layer.op("Gather", inside, layer.integers(bins), axis=0)
                     for inside, bins in ((rows, by_bin // group), (columns, by_bin % group)))
    of_rows = layer.op("Unsqueeze", rows, layer.integers([2, 4]))
    of_columns = layer.op("Unsqueeze", columns, layer.integers([2, 3]))
    of_images = layer.op("Unsqueeze", _of_images(layer, image), layer.integers([0, 3, 4]))
    mask = layer.op("And", layer.op("And", of_rows, of_columns), of_images)
    mask = layer.reshape(layer.cast(mask, np.float32), (0, 0, -1))
    maps = layer.reshape(layer.bottoms[0], (0, outputs, group ** 2, height * width))
    maps = layer.reshape(layer.transpose(maps, (2, 0, 3, 1)), (group ** 2, -1, outputs))
    count = layer.op("Max", layer.reduce("ReduceSum", mask, [2]), layer.constant(1))
    means = layer.op("Div", layer.op("MatMul", mask, maps), count)
    return layer.reshape(layer.transpose(means, (1, 2, 0)), (0, outputs, group, group))


def _of_images(layer: LayerWriter, image: str) -> str:
    """Whether each region lies in each image, (R, N)."""
    count = layer.op("Gather", layer.op("Shape", layer.bottoms[0]), layer.integers(0), axis=0)
    numbers = layer.op("Range", layer.integers(0), count, layer.integers(1))
    return layer.op("Equal", layer.cast(image, np.int64), numbers)


def _inside(layer: LayerWriter, first: str, last: str, bins: int, length: int) -> str:
    """Whether each place of a row or column of this length lies in each bin of the regions from `first` to `last`, both
    (R, 1): (bins, R, length).
    """
    scale = layer.param.psroi_pooling_param.spatial_scale
    first = layer.times(_rounded(layer, first), scale)
    last = layer.times(layer.plus(_rounded(layer, last), 1), scale)
    size = layer.op("Max", layer.op("Sub", last, first), layer.constant(SMALLEST))
    size = layer.op("Div", size, layer.constant(bins))
    begin, end = (layer.op("Add", layer.op("Mul", layer.constant(np.arange(bins)[:, None, None] + more), size), first)
                  for more in (0, 1))
    place = layer.constant(np.arange(length))
    return layer.op("And", layer.op("GreaterOrEqual", place, layer.op("Floor", begin)),
                    layer.op("Less", place, layer.op("Ceil", end)))


def _rounded(layer: LayerWriter, x: str) -> str:
    """The nearest whole numbers, halves away from 0; ONNX's Round has them even."""
    size = layer.op("Abs", x)
    whole = layer.op("Floor", size)
    is_more = layer.op("GreaterOrEqual", layer.op("Sub", size, whole), layer.constant(0.5))
    return layer.op("Mul", layer.op("Sign", x), layer.op("Add", whole, layer.cast(is_more, np.float32)))
