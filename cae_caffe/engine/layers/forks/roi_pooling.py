"""ROIPooling: the largest value in each bin of a region of an image."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from ....errors import InputError
from ...layer import Layer, exactly
from ...traits import Traits
from ..registry import register
from .constant import zero_gradients
from .regions import Regions, check_shapes, rounded

LOWEST = torch.finfo(torch.float32).min       # the maximum of no value that counts
NOWHERE = -1            # its place
MOST_GATHERED = 2 ** 22     # values looked at in one go, so that they stay in the cache


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
        rows = _Bins.of(scaled[:, 1], scaled[:, 3], self.pooled[0], height)
        columns = _Bins.of(scaled[:, 0], scaled[:, 2], self.pooled[1], width)
        # Channels last, so that what is gathered lies together.
        values = torch.where(maps > LOWEST, maps, LOWEST).permute(0, 2, 3, 1).reshape(images * height * width, channels)
        wants_places = not self.propagates_down or self.propagates_down[0]
        self._places = torch.full(top[0].shape, NOWHERE, device=maps.device)
        top[0].data.zero_()
        for some, channel in _parts(rows, columns, channels if height * width else 0):
            pixel, empty = _pixels(regions.image[some], rows.some(some), columns.some(some), height, width)
            maxima, places = _maxima(values[:, channel], torch.from_numpy(pixel).to(maps.device), wants_places)
            is_empty = torch.from_numpy(empty).to(maps.device)
            top[0].data[some, channel] = maxima.masked_fill_(is_empty, 0)
            if wants_places:
                self._places[some, channel] = places.masked_fill_(is_empty, NOWHERE)
        plane = torch.arange(channels, device=maps.device).view(-1, 1, 1)
        pixels = max(1, height * width)
        place = (self._places // pixels * channels + plane) * pixels + self._places % pixels
        self._places = torch.where(self._places < 0, NOWHERE, place)

    def backward(self, top, propagate_down, bottom):
        zero_gradients(propagate_down[1:], bottom[1:])
        if not propagate_down[0] or not bottom[0].count:
            return
        flat = torch.zeros(bottom[0].count, device=top[0].diff.device)
        places = self._places.reshape(-1)
        flat.index_add_(0, places.clamp_min(0), torch.where(places < 0, 0, top[0].diff.reshape(-1)))
        bottom[0].diff.copy_(flat.view(bottom[0].shape))


@dataclass(frozen=True)
class _Bins:
    """Where the bins of each region begin and end, in rows or in columns, both (R, pooled)."""

    begin: np.ndarray
    end: np.ndarray

    @classmethod
    def of(cls, first: np.ndarray, last: np.ndarray, pooled: int, length: int) -> _Bins:
        """The bins of regions from `first` to `last`, both (R,), within `length`."""
        size = np.maximum(last - first + 1, 1).astype(np.float32) / np.float32(pooled)
        number = np.arange(pooled, dtype=np.float32)
        begin = np.floor(number * size[:, None]).astype(np.int64) + first[:, None]
        end = np.ceil((number + 1) * size[:, None]).astype(np.int64) + first[:, None]
        return cls(begin.clip(0, length), end.clip(0, length))

    def some(self, regions: np.ndarray) -> _Bins:
        return _Bins(self.begin[regions], self.end[regions])

    def longest(self) -> np.ndarray:
        """Of each region (R,), the length of its longest bin, at least 1."""
        return (self.end - self.begin).max(1, initial=1)

    def members(self, length: int) -> np.ndarray:
        """What each bin holds, its last again up to the length of the longest: (R, pooled, longest)."""
        most = int(self.longest().max())
        return np.minimum(self.begin[..., None] + np.arange(most), self.end[..., None] - 1).clip(0, length - 1)


def _parts(rows: _Bins, columns: _Bins, channels: int) -> Iterator[tuple[np.ndarray, slice]]:
    """Regions whose bins have one size, and channels, that are pooled in one go."""
    longest = np.stack([rows.longest(), columns.longest()], axis=1)
    for size in np.unique(longest, axis=0):
        regions = np.flatnonzero((longest == size).all(1))
        of_region = rows.begin.shape[1] * columns.begin.shape[1] * int(size.prod())
        width = max(1, min(channels, MOST_GATHERED // of_region))
        at_once = max(1, MOST_GATHERED // (of_region * width))
        for start in range(0, len(regions), at_once):
            for channel in range(0, channels, width):
                yield regions[start:start + at_once], slice(channel, channel + width)


def _pixels(image: np.ndarray, rows: _Bins, columns: _Bins, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """The numbers of the pixels of all images that each bin holds, (R, 1, h, w, K), in rows from above, some of them
    again, which changes no maximum, nor which is the first; and which bins are empty, (R, 1, h, w).
    """
    down, across = rows.members(height), columns.members(width)
    row = image[:, None, None] * height + down
    pixel = row[:, :, None, :, None] * width + across[:, None, :, None, :]
    empty = (rows.end <= rows.begin)[:, :, None] | (columns.end <= columns.begin)[:, None, :]
    return pixel.reshape(len(image), 1, *empty.shape[1:], -1), empty[:, None]


def _maxima(values: torch.Tensor, pixel: torch.Tensor, wants_places: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """The maxima of values (pixels, C) among those of each bin, and if wanted the pixel of each: (R, C, h, w)."""
    regions, _, height, width, held = pixel.shape
    gathered = values.index_select(0, pixel.reshape(-1)).view(-1, held, values.shape[1])
    shape = (regions, height, width, values.shape[1])
    maxima = gathered.amax(1, keepdim=True)
    by_channel = maxima.view(shape).permute(0, 3, 1, 2)
    if not wants_places:
        return by_channel, pixel
    # The first, by numbers that fall: several times as fast as PyTorch's maximum with its index.
    falling = torch.arange(held, 0, -1, dtype=values.dtype, device=values.device).unsqueeze(1)
    first = held - gathered.eq_(maxima).mul_(falling).amax(1).long()
    places = pixel.view(-1, held).gather(1, first).masked_fill_(maxima.squeeze(1) == LOWEST, NOWHERE)
    return by_channel, places.view(shape).permute(0, 3, 1, 2)
