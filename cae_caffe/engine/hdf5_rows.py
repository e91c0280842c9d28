"""Rows of HDF5 datasets for the data layer, without loading a file that can be mapped."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from ..errors import InputError
from . import log


def listed_files(source: str) -> list[str]:
    """The HDF5 files named in the list file `source`, by white space, relative to the working directory.

    Raises InputError if the list is missing or empty.
    """
    try:
        names = Path(source).read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"its `source` {source}, the list of HDF5 files, cannot be read ({_reason(error)}); paths are "
                         f"relative to the working directory, {Path.cwd()}. `cae-caffe data` writes such lists.")
    if not names:
        raise InputError(f"its `source` {source} lists no HDF5 file; put at least one path into it.")
    return names


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


class HDF5Rows:
    """The datasets `names` of one HDF5 file, as float32 arrays of equally many rows.

    A dataset stored in one piece as little-endian float32, as `cae-caffe data` writes it, is mapped into memory: its
    pages are the system's file cache, shared by all nets that read it, whatever the size of the file. Any other is
    loaded whole and converted, as Caffe does.

    Raises InputError if the file or a dataset is missing, or the numbers of rows differ.
    """

    def __init__(self, path: str, names: tuple[str, ...]):
        self.path = path
        try:
            with h5py.File(path, "r") as file:
                self.arrays = [self._rows(file, name) for name in names]
        except OSError as error:
            raise InputError(f"HDF5 file {path} cannot be opened ({error}); paths in the list are relative to the "
                             f"working directory, {Path.cwd()}.") from None
        rows = {name: len(array) for name, array in zip(names, self.arrays)}
        if len(set(rows.values())) > 1:
            raise InputError(f"the datasets of {path} have different numbers of rows, {rows}; they must agree.")
        self.count = len(self.arrays[0])
        if self.count == 0:
            raise InputError(f"the datasets of {path} have no rows; a batch cannot be made of them.")

    def _rows(self, file: h5py.File, name: str) -> np.ndarray:
        if name not in file or not isinstance(file[name], h5py.Dataset):
            raise InputError(f"{self.path} has no dataset `{name}`, which a top is named after; it has "
                             f"{', '.join(f'`{n}`' for n in file)}. Rename the top or the dataset.")
        dataset = file[name]
        if dataset.ndim < 1 or dataset.dtype.kind not in "fiu":
            raise InputError(f"dataset `{name}` of {self.path} is of shape {dataset.shape} and type {dataset.dtype}; "
                             "it must have at least one axis and hold numbers.")
        if dataset.dtype.kind == "f":
            log.info_once("hdf5.cpp:33", "Datatype class: H5T_FLOAT")
        else:
            log.info_once("hdf5.cpp:36", "Datatype class: H5T_INTEGER")
        offset = dataset.id.get_offset()
        if dataset.dtype == np.dtype("<f4") and dataset.chunks is None and offset is not None and dataset.size:
            return np.memmap(self.path, dtype="<f4", mode="r", offset=offset, shape=dataset.shape)
        with np.errstate(over="ignore"):         # what is too large becomes infinite, as HDF5 converts it for Caffe
            return dataset[...].astype(np.float32)
