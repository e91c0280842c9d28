"""ROIPooling: the largest value in each bin of a region of an image."""

from __future__ import annotations

import numpy as np
import torch

from ....errors import InputError
from ...layer import Layer, exactly
from ...traits import Traits
from ..registry import register
from .regions import Regions, check_shapes, rounded

LOWEST = torch.finfo(torch.float32).min       # the maximum of no value that counts
NOWHERE = -1            # its place
MOST_GATHERED = 2 ** 24     # values looked at in one go, so that the memory stays small


@register("ROIPooling")
class ROIPooling(Layer):
    """Each region (image, x1, y1, x2, y2), its corners times `spatial_scale` and rounded, is divided into `pooled_h` x
    `pooled_w` bins, which overlap where they do not fit; the top (R, C, pooled_h, pooled_w) has their maxima.

    A bin p of s = size / pooled rows goes from row floor(p s) to before row ceil((p + 1) s) of its region, in float32,
    and ends where the image does; an empty one gives 0. The gradient goes to the first maximum, in rows from above.
    None goes to the regions. (src/caffe/layers/roi_pooling_layer.cpp and .cu of rbgirshick/caffe-fast-rcnn)

    The fork's backward pass leaves out maxima that lie beyond the region's rounded corners, as all of a region with x2
    before x1 do, though the forward pass takes them; here they get their gradient. NaN and minus infinity do not count
    as maxima: a bin of nothing else gives -3.4e38 and has no gradient.
    """

    traits = Traits(capturable=False)
    bottoms = exactly(2)

    def setup(self, bottom, top):
        param = self.param.roi_pooling_param
        for name in ("pooled_h", "pooled_w"):
            if getattr(param, name) < 1:
                raise InputError(f"its `{name}` is {getattr(param, name)}; it must be at least 1.")
        self.pooled = (param.pooled_h, param.pooled_w)
        self._places = torch.empty(0, dtype=torch.int64)     # of the top's values, as numbers of the bottom's

    def allows_forced_backward(self, bottom_index):
        return bottom_index == 0

    def shapes(self, bottom_shapes):
        maps, regions = bottom_shapes
        check_shapes(maps, regions)
        return [(regions[0], maps[1], *self.pooled)]

    def forward(self, bottom, top):
        maps = bottom[0].data
        images, channels, height, width = maps.shape
        regions = Regions.of(bottom[1], self.param.bottom[1], images)
        scaled = rounded(regions.corners * np.float32(self.param.roi_pooling_param.spatial_scale)).astype(np.int64)
        rows = _bins(scaled[:, 1], scaled[:, 3], self.pooled[0], height)
        columns = _bins(scaled[:, 0], scaled[:, 2], self.pooled[1], width)
        # Channels last, so that what is gathered lies together.
        values = torch.where(maps > LOWEST, maps, LOWEST).permute(0, 2, 3, 1).reshape(images, height * width, channels)
        wants_places = not self.propagates_down or self.propagates_down[0]
        self._places = torch.full(top[0].shape, NOWHERE, device=maps.device)
        top[0].data.zero_()
        for r, image in enumerate(regions.image):
            _pool(values[image], [each[r] for each in rows], [each[r] for each in columns], width, top[0].data[r],
                  self._places[r] if wants_places else None)
        first = torch.from_numpy(regions.image).to(maps.device).view(-1, 1) * channels
        channel = (first + torch.arange(channels, device=maps.device)).view(len(regions), channels, 1, 1)
        self._places = torch.where(self._places < 0, NOWHERE, self._places + channel * (height * width))

    def backward(self, top, propagate_down, bottom):
        if propagate_down[1]:
            bottom[1].diff.zero_()
        if not propagate_down[0] or not bottom[0].count:
            return
        flat = torch.zeros(bottom[0].count, device=top[0].diff.device)
        places = self._places.reshape(-1)
        flat.index_add_(0, places.clamp_min(0), torch.where(places < 0, 0, top[0].diff.reshape(-1)))
        bottom[0].diff.copy_(flat.view(bottom[0].shape))


def _bins(first: np.ndarray, last: np.ndarray, pooled: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Where the bins of regions from `first` to `last`, both (R,), begin and end, each (R, pooled), within `length`."""
    size = np.maximum(last - first + 1, 1).astype(np.float32) / np.float32(pooled)
    number = np.arange(pooled, dtype=np.float32)
    begin = np.floor(number * size[:, None]).astype(np.int64) + first[:, None]
    end = np.ceil((number + 1) * size[:, None]).astype(np.int64) + first[:, None]
    return begin.clip(0, length), end.clip(0, length)


def _pool(values: torch.Tensor, rows, columns, width: int, out: torch.Tensor, places: torch.Tensor | None) -> None:
    """Write the maxima of `values` (rows * columns, C) in bins into `out` (C, h, w), which is 0, and their `places`.

    `rows` and `columns` are where bins begin and end. Bins are filled up to one size with their last row and column,
    which changes no maximum, nor which is the first.
    """
    (top, bottom), (left, right) = rows, columns
    full_rows, full_columns = np.flatnonzero(bottom > top), np.flatnonzero(right > left)
    if not len(full_rows) or not len(full_columns) or not values.shape[1]:
        return
    down, across = _members(top, bottom, full_rows), _members(left, right, full_columns)
    at_once = max(1, MOST_GATHERED // (values.shape[1] * down.shape[1] * across.size))
    for start in range(0, len(full_rows), at_once):
        part = down[start:start + at_once]
        index = part[:, None, :, None] * width + across[None, :, None, :]
        index = torch.from_numpy(index.reshape(len(part) * len(across), -1)).to(values.device)
        gathered = values.index_select(0, index.reshape(-1)).view(*index.shape, values.shape[1])
        target = np.ix_(np.arange(values.shape[1]), full_rows[start:start + at_once], full_columns)
        shape = len(part), len(across), values.shape[1]
        if places is None:
            maxima = gathered.amax(1)
        else:
            maxima, chosen = gathered.max(1)
            chosen = index.gather(1, chosen).masked_fill_(maxima == LOWEST, NOWHERE)
            _write(places, target, chosen.view(shape))
        _write(out, target, maxima.view(shape))


def _members(begin: np.ndarray, end: np.ndarray, full: np.ndarray) -> np.ndarray:
    """The rows or columns of each of the bins `full`, each bin's last one again up to the length of the longest."""
    begin, end = begin[full, None], end[full, None]
    return np.minimum(begin + np.arange((end - begin).max()), end - 1)


def _write(out: torch.Tensor, target, values: torch.Tensor) -> None:
    """Write values (h, w, C) into these channels, rows and columns of `out` (C, H, W)."""
    if out[0].numel() == values[..., 0].numel():        # no bin is empty, as nearly always
        out.copy_(values.permute(2, 0, 1))
    else:
        out[target] = values.permute(2, 0, 1)
