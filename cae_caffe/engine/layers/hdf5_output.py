"""HDF5Output: a batch of the net's blobs into an HDF5 file."""

from __future__ import annotations

import os
from pathlib import Path

import h5py
import numpy as np

from ... import files
from ...errors import InputError, RunError
from ...hdf5 import writing
from .. import log
from ..blob import Blob, Shape, shape_string
from ..layer import Layer, exactly
from ..traits import Traits
from .registry import register


@register("HDF5Output")
class HDF5Output(Layer):
    """The bottoms as the datasets `data` and `label`, float32 of four axes, in the file `file_name`.

    It is made anew when the net is built, and holds one batch, that of the first forward pass
    (src/caffe/layers/hdf5_output_layer.cpp).
    """

    bottoms = exactly(2)
    tops = exactly(0)
    traits = Traits(capturable=False)
    datasets = ("data", "label")

    def setup(self, bottom, top):
        self.name_given = self.param.hdf5_output_param.file_name
        self.path = os.path.abspath(self.name_given)
        self.saved = False
        try:
            os.stat(os.path.dirname(self.path))         # which Caffe does not make either
            files.write_bytes(self.path, writing.content(lambda file: None))
        except OSError as error:
            raise InputError(f"its `file_name` {self.name_given} cannot be written ({error.strerror}); paths are "
                             f"relative to the working directory, {Path.cwd()}.") from None

    def shapes(self, bottom_shapes):
        for shape in bottom_shapes:
            if len(shape) > 4:
                raise InputError(f"a bottom has shape {shape_string(shape)}; it takes at most four axes, so put a "
                                 "Flatten or Reshape layer before it.")
        rows = [_rows(shape) for shape in bottom_shapes]
        if rows[0] != rows[1]:
            raise InputError(f"its bottoms have {rows[0]} and {rows[1]} rows; their first axes must agree.")
        return []

    def forward(self, bottom, top):
        if self.saved:
            raise InputError(f"it has written a batch into {self.path} already, and takes no second one; run the net "
                             "once, with a batch of all rows that you want.")
        log.info("hdf5_output_layer.cpp:33", f"Saving HDF5 file {self.name_given}")
        content = writing.content(lambda file: self._fill(file, bottom))
        try:
            files.write_bytes(self.path, content)
        except OSError as error:
            raise RunError(f"Layer `{self.name}` (type HDF5Output) cannot write {self.path}: {error.strerror}; free "
                           "the disk or change its `file_name`.") from error
        self.saved = True
        log.info("hdf5_output_layer.cpp:38", f"Successfully saved {_rows(bottom[0].shape)} rows")

    def _fill(self, file: h5py.File, bottom: list[Blob]) -> None:
        for dataset, blob in zip(self.datasets, bottom):
            file.create_dataset(dataset, data=_four_axes(blob), dtype="<f4")

    def backward(self, top, propagate_down, bottom):
        pass


def _rows(shape: Shape) -> int:
    return shape[0] if shape else 1


def _four_axes(blob: Blob) -> np.ndarray:
    return blob.data.cpu().numpy().reshape(blob.shape + (1,) * (4 - len(blob.shape)))
