"""HDF5Data: batches of rows from HDF5 files, one top a dataset of that name."""

from __future__ import annotations

import math

import numpy as np
import torch

from ...errors import InputError
from .. import libc_rand, log
from ..hdf5_rows import HDF5Rows, listed_files
from ..layer import Layer, at_least, exactly
from .data_source import DataSource, Place, found, number, order, require_same, require_source
from .registry import register


@register("HDF5Data")
class HDF5Data(DataSource, Layer):
    """Rows in the order of the files and of the rows in them, starting again at the end.

    One file is in memory at a time. A list's only file is loaded once, so what is written to it later is not seen; of
    several, each is read anew when its turn comes. With `shuffle`, the files are shuffled at each round through them,
    and the rows of a file at each time it is loaded and at its end (src/caffe/layers/hdf5_data_layer.cpp).
    """

    bottoms = exactly(0)
    tops = at_least(1)
    rows: HDF5Rows

    def setup(self, bottom, top):
        if self.param.has("transform_param"):
            raise InputError("it has a `transform_param`, which HDF5Data layers do not take; store the data as the "
                             "net should see it (`cae-caffe data` scales images to [0, 1]).")
        param = self.param.hdf5_data_param
        self.shuffles, self.batch = param.shuffle, param.batch_size
        if self.batch < 1:
            raise InputError("its `batch_size` is 0; give at least 1.")
        require_source(param.source, "hdf5_data_param")
        log.info("hdf5_data_layer.cpp:81", f"Loading list of HDF5 filenames from: {param.source}")
        self.files = listed_files(param.source)
        log.info("hdf5_data_layer.cpp:95", f"Number of HDF5 files: {len(self.files)}")
        self.file_order = np.arange(len(self.files))
        if self.shuffles:
            libc_rand.shuffle(self.file_order)
        self.file_number = self.row = 0
        self.row_shapes: list[tuple[int, ...]] = []
        self._load()
        for blob, shape in zip(top, self.row_shapes):
            blob.reshape((self.batch,) + shape)

    def reshape(self, bottom, top):
        """The tops' shapes are those of the first file, set up once."""

    def _load(self) -> None:
        self.loaded = self.file_order[self.file_number]
        if hasattr(self, "rows"):
            del self.rows       # memory is for one file, not for the next one beside the last
        self.rows = HDF5Rows(self.files[self.loaded], self.param.top)
        self._check_like_first()
        self.order = np.arange(self.rows.count)
        if self.shuffles:
            libc_rand.shuffle(self.order)

    def _check_like_first(self) -> None:
        """The first file's rows shape the tops; those of others need only have as many numbers, (N, 1) beside (N,)."""
        shapes = [array.shape[1:] for array in self.rows.arrays]
        self.row_shapes = self.row_shapes or shapes
        for name, shape, first in zip(self.param.top, shapes, self.row_shapes):
            if math.prod(shape) != math.prod(first):
                raise InputError(f"dataset `{name}` of {self.rows.path} has rows of shape {shape}, and the first file "
                                 f"{first}; the rows of all files of a list must have as many numbers.")

    def forward(self, bottom, top):
        if top[0].data.device.type == "cpu":
            self._fill([blob.data.numpy() for blob in top])
            return
        # New memory each time: the device may still be copying the last batch's.
        staged = [torch.empty(blob.shape, pin_memory=torch.cuda.is_available()) for blob in top]
        self._fill([tensor.numpy() for tensor in staged])
        for blob, tensor in zip(top, staged):
            blob.data.copy_(tensor, non_blocking=True)

    def _fill(self, batches: list[np.ndarray]) -> None:
        filled = 0
        while filled < self.batch:
            number = min(self.batch - filled, self.rows.count - self.row)
            for batch, array in zip(batches, self.rows.arrays):
                places = batch[filled:filled + number]
                places[...] = array[self._chosen(number)].reshape(places.shape)
            filled += number
            self._advance(number)

    def _chosen(self, number: int):
        """The next `number` rows: a slice, which copies nothing, unless they are shuffled."""
        chosen = slice(self.row, self.row + number)
        return self.order[chosen] if self.shuffles else chosen

    def _advance(self, number: int) -> None:
        self.row += number
        if self.row < self.rows.count:
            return
        self.row = 0
        if len(self.files) > 1:
            self.file_number += 1
            if self.file_number == len(self.files):
                self.file_number = 0
                if self.shuffles:
                    libc_rand.shuffle(self.file_order)
            self._load()
        if self.shuffles:
            libc_rand.shuffle(self.order)

    def place(self) -> Place:
        place = {"file_order": self.file_order.copy(), "file": np.array(self.file_number), "row": np.array(self.row),
                 "rows": np.array(self.rows.count)}
        return {**place, "order": self.order.copy()} if self.shuffles else place

    def go_to(self, place: Place) -> None:
        require_same("files", found(place, "file_order").size, len(self.files))
        self.file_order = order(place, "file_order", len(self.files))
        self.file_number = number(place, "file", len(self.files))
        if self.file_order[self.file_number] != self.loaded:
            self._load()
        require_same("rows in the file that it stands in", number(place, "rows"), self.rows.count)
        self.row = number(place, "row", self.rows.count)
        if "order" in place:
            self.order = order(place, "order", self.rows.count)

    def backward(self, top, propagate_down, bottom):
        pass
