"""PSROIPooling: the mean of each bin of a region, each from a channel of its own."""

from __future__ import annotations

import numpy as np
import torch

from ....errors import InputError
from ...blob import shape_string
from ...layer import Layer, exactly
from ...traits import Traits
from ..registry import register
from .regions import Regions, check_shapes, rounded

SMALLEST = np.float32(0.1)      # no region counts as shorter, in rows or columns of the bottom


@register("PSROIPooling")
class PSROIPooling(Layer):
    """Each region is divided into `group_size` x `group_size` bins. The top, (R, `output_dim`, group_size, group_size),
    has their means; that of bin (i, j) for the output d is of the channel (d group_size + i) group_size + j.

    With y1 and y2 rounded, a region lies from y1 s to (y2 + 1) s, s being `spatial_scale`, and has at least 0.1 rows;
    bin i of h rows, in float32, goes from row floor(i h + y1 s) to before ceil((i + 1) h + y1 s), within the image; an
    empty one gives 0. Columns likewise. None of the gradient goes to the regions.
    (src/caffe/layers/psroi_pooling_layer.cu of daijifeng001/caffe-rfcn; the paper: Dai et al. 2016, section 2)

    Sums are differences of running sums in float64, so that a value that is not finite spoils all behind it.
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
        self._corners: list[tuple[int, torch.Tensor]] = []      # of all bins, in the running sums, and their signs
        self._areas = torch.empty(0)

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
        self._place_bins(bottom)
        sums = _room(bottom[0])
        sums[:, :, 1:, 1:] = bottom[0].data.to(sums.device, sums.dtype).cumsum(2).cumsum(3)
        flat = sums.view(-1)
        total = sum(sign * flat[index] for sign, index in self._corners)
        top[0].data.copy_(total / self._areas)

    def backward(self, top, propagate_down, bottom):
        if propagate_down[1]:
            bottom[1].diff.zero_()
        if not propagate_down[0]:
            return
        steps = _room(bottom[0])
        shares = (top[0].diff.to(steps.device, steps.dtype) / self._areas).reshape(-1)
        for sign, index in self._corners:
            steps.view(-1).index_add_(0, index.reshape(-1), sign * shares)
        # The corner before each value's rectangle counts for all behind it.
        bottom[0].diff.copy_(steps.cumsum(2).cumsum(3)[:, :, :-1, :-1])

    def _place_bins(self, bottom) -> None:
        images, channels, height, width = bottom[0].shape
        regions = Regions.of(bottom[1], self.param.bottom[1], images)
        scale = np.float32(self.param.psroi_pooling_param.spatial_scale)
        first = rounded(regions.corners[:, :2]) * scale
        last = (rounded(regions.corners[:, 2:]) + np.float32(1)) * scale
        left, right = _bins(first[:, 0], last[:, 0], self.group, width)
        above, below = _bins(first[:, 1], last[:, 1], self.group, height)
        channel = np.arange(channels).reshape(self.outputs, self.group, self.group)
        plane = regions.image[:, None, None, None] * channels + channel
        start = plane * ((height + 1) * (width + 1))
        rows = [edge[:, None, :, None] * (width + 1) for edge in (above, below)]
        columns = [edge[:, None, None, :] for edge in (left, right)]
        device = _device(bottom[0])
        self._corners = [(sign, torch.from_numpy(start + rows[i] + columns[j]).to(device))
                         for sign, i, j in ((1, 1, 1), (-1, 0, 1), (-1, 1, 0), (1, 0, 0))]
        area = (below - above)[:, None, :, None] * (right - left)[:, None, None, :]
        self._areas = torch.from_numpy(np.maximum(area, 1).astype(np.float64)).to(device)


def _room(blob) -> torch.Tensor:
    """Zeros, a row above and a column before each of the blob's maps, in float64."""
    images, channels, height, width = blob.shape
    return torch.zeros(images, channels, height + 1, width + 1, dtype=torch.float64, device=_device(blob))


def _device(blob) -> torch.device:
    """Where float64 is: the blob's device, unless that is a Mac's."""
    return torch.device("cpu") if blob.data.device.type == "mps" else blob.data.device


def _bins(first: np.ndarray, last: np.ndarray, number: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Where the bins of regions from `first` to before `last`, both (R,), begin and end, each (R, number).

    Both lie within `length`, and no end before its beginning.
    """
    size = np.maximum(last - first, SMALLEST) / np.float32(number)
    index = np.arange(number, dtype=np.float32)
    begin = np.floor(index * size[:, None] + first[:, None]).clip(0, length).astype(np.int64)
    end = np.ceil((index + 1) * size[:, None] + first[:, None]).clip(0, length).astype(np.int64)
    return begin, np.maximum(begin, end)
