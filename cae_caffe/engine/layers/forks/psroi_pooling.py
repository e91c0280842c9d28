"""PSROIPooling: the mean of each bin of a region, each from a channel of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import embedding_bag

from ....errors import InputError
from ...blob import shape_string
from ...layer import Layer, exactly
from ...traits import Traits
from ..registry import register
from .constant import zero_gradients
from .regions import Regions, check_shapes, rounded

MOST_CELLS = 1 << 21            # of bins taken together, which bounds the memory for their numbers
SMALLEST = np.float32(0.1)      # no region counts as shorter, in rows or columns of the bottom


@register("PSROIPooling")
class PSROIPooling(Layer):
    """Each region is divided into `group_size` x `group_size` bins. The top, (R, `output_dim`, group_size, group_size),
    has their means; that of bin (i, j) for the output d is of the channel (d group_size + i) group_size + j.

    With y1 and y2 rounded, a region lies from y1 s to (y2 + 1) s, s being `spatial_scale`, and has at least 0.1 rows;
    bin i of h rows, in float32, goes from row floor(i h + y1 s) to before ceil((i + 1) h + y1 s), within the image; an
    empty one gives 0. Columns likewise. None of the gradient goes to the regions.
    (src/caffe/layers/psroi_pooling_layer.cu of daijifeng001/caffe-rfcn; the paper: Dai et al. 2016, section 2)
    """

    traits = Traits(capturable=False)
    bottoms = exactly(2)

    def setup(self, bottom, top):
        param = self.param.psroi_pooling_param
        for name in ("output_dim", "group_size"):
            if getattr(param, name) < 1:
                raise InputError(f"its `{name}` is {getattr(param, name)}; it must be given, and be at least 1.")
        if not param.has("spatial_scale"):
            raise InputError("it has no `spatial_scale`; give the size of its first bottom as a part of the image's, "
                             "0.0625 for a stride of 16.")
        self.outputs, self.group = param.output_dim, param.group_size

    def allows_forced_backward(self, bottom_index):
        return bottom_index == 0

    def shapes(self, bottom_shapes):
        maps, regions = bottom_shapes
        check_shapes(maps, regions)
        wanted = self.outputs * self.group ** 2
        if maps[1] != wanted:
            raise InputError(f"its first bottom has shape {shape_string(maps)}, {maps[1]} channels; with "
                             f"`output_dim: {self.outputs}` and `group_size: {self.group}` it must have "
                             f"{self.outputs} x {self.group} x {self.group} = {wanted}.")
        return [(regions[0], self.outputs, self.group, self.group)]

    def forward(self, bottom, top):
        self._bins = bins = self._find_bins(bottom)
        values = self._by_cell(bottom[0].data)
        sums = [embedding_bag(torch.from_numpy(cells).to(values.device), values, _offsets(bins.counts[part], values),
                              mode="sum") for part, cells in bins.parts()]
        means = torch.cat([values[:0], *sums]) / self._divisors(values)
        top[0].data.copy_(means.view(-1, self.group, self.group, self.outputs).permute(0, 3, 1, 2))

    def backward(self, top, propagate_down, bottom):
        zero_gradients(propagate_down[1:], bottom[1:])
        if not propagate_down[0]:
            return
        diff = bottom[0].diff
        shares = top[0].diff.to(_device(diff)).permute(0, 2, 3, 1).reshape(-1, self.outputs)
        shares = shares / self._divisors(shares)
        cells_diff = shares.new_zeros(bottom[0].count // self.outputs, self.outputs)
        for part, cells in self._bins.parts():
            # For each cell, the bins that it is in.
            by_bin = np.repeat(np.arange(part.start, part.stop), self._bins.counts[part])
            by_cell = torch.from_numpy(by_bin[np.argsort(cells, kind="stable")]).to(shares.device)
            counts = np.bincount(cells, minlength=len(cells_diff))
            cells_diff += embedding_bag(by_cell, shares, _offsets(counts, shares), mode="sum")
        images, _, height, width = diff.shape
        in_maps = cells_diff.view(images, self.group, self.group, height, width, self.outputs)
        diff.copy_(in_maps.permute(0, 5, 1, 2, 3, 4).reshape(diff.shape))

    def _by_cell(self, maps: torch.Tensor) -> torch.Tensor:
        """Maps as rows (images group_size group_size H W, output_dim): what a bin takes stands in whole rows."""
        images, _, height, width = maps.shape
        parts = maps.to(_device(maps)).view(images, self.outputs, self.group, self.group, height, width)
        return parts.permute(0, 2, 3, 4, 5, 1).reshape(-1, self.outputs)

    def _divisors(self, like: torch.Tensor) -> torch.Tensor:
        """The number of values of each bin, as a column, 1 of an empty one."""
        return torch.from_numpy(np.maximum(self._bins.counts, 1)).to(like)[:, None]

    def _find_bins(self, bottom) -> _Bins:
        images, _, height, width = bottom[0].shape
        regions = Regions.of(bottom[1], self.param.bottom[1], images)
        scale = np.float32(self.param.psroi_pooling_param.spatial_scale)
        first = rounded(regions.corners[:, :2]) * scale
        last = (rounded(regions.corners[:, 2:]) + np.float32(1)) * scale
        left, right = _edges(first[:, 0], last[:, 0], self.group, width)
        above, below = _edges(first[:, 1], last[:, 1], self.group, height)
        of_group = np.arange(self.group ** 2).reshape(self.group, self.group)
        plane = regions.image[:, None, None] * self.group ** 2 + of_group
        start = (plane * height + above[:, :, None]) * width + left[:, None, :]
        rows, columns = np.broadcast_arrays((below - above)[:, :, None], (right - left)[:, None, :])
        return _Bins(start.ravel(), rows.ravel(), columns.ravel(), width)


@dataclass
class _Bins:
    """Bins, (B,): the number of the first cell of each, and how many rows and columns it has; and cells in a row."""

    start: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    width: int

    def __post_init__(self):
        self.counts = self.rows * self.columns

    def parts(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Bins of no more than MOST_CELLS in all, or one bin; each with the numbers of its cells, bin by bin."""
        behind = np.cumsum(self.counts)
        first = 0
        while first < len(behind):
            before = behind[first - 1] if first else 0
            end = max(int(np.searchsorted(behind, before + MOST_CELLS, side="right")), first + 1)
            part = slice(first, end)
            yield part, self._cells(part)
            first = end

    def _cells(self, part: slice) -> np.ndarray:
        rows = self.rows[part]
        row_starts = np.repeat(self.start[part], rows) + _runs(np.zeros_like(rows), rows) * self.width
        return _runs(row_starts, np.repeat(self.columns[part], rows))


def _device(tensor: torch.Tensor) -> torch.device:
    """Where embedding_bag is: the tensor's device, unless that is a Mac's."""
    return torch.device("cpu") if tensor.device.type == "mps" else tensor.device


def _runs(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """The whole numbers from each of the starts on, so many as its length, one after the other."""
    behind = np.cumsum(lengths)
    return np.repeat(starts - (behind - lengths), lengths) + np.arange(behind[-1] if len(behind) else 0)


def _offsets(counts: np.ndarray, like: torch.Tensor) -> torch.Tensor:
    """Where the things of each begin that has so many, on the device of `like`."""
    return torch.from_numpy(np.cumsum(counts) - counts).to(like.device)


def _edges(first: np.ndarray, last: np.ndarray, number: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Where the bins of regions from `first` to before `last`, both (R,), begin and end, each (R, number).

    Both lie within `length`, and no end before its beginning.
    """
    size = np.maximum(last - first, SMALLEST) / np.float32(number)
    index = np.arange(number, dtype=np.float32)
    begin = np.floor(index * size[:, None] + first[:, None]).clip(0, length).astype(np.int64)
    end = np.ceil((index + 1) * size[:, None] + first[:, None]).clip(0, length).astype(np.int64)
    return begin, np.maximum(begin, end)
