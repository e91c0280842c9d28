"""Rows of HDF5 datasets for the data layer, without loading a file that can be mapped or is larger than the memory."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from ..errors import InputError
from . import log

# Bytes, as float32, up to which a dataset that cannot be mapped is loaded whole, as Caffe loads all; and how many of a
# larger one are read at a time.
LOADED, BLOCK = 1 << 30, 1 << 26


def listed_files(source: str) -> list[str]:
    """The HDF5 files named in the list file `source`, by white space, relative to the working directory.

    Raises InputError if the list is missing or empty.
    """
    try:
        names = Path(source).read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"its `source` {source}, the list of HDF5 files, cannot be read ({_reason(error)}); paths are "
                         f"relative to the working directory, {Path.cwd()}. `cae-caffe data` writes such "
                         "lists.") from error
    if not names:
        raise InputError(f"its `source` {source} lists no HDF5 file; put at least one path into it.")
    return names


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


class HDF5Rows:
    """The datasets `names` of one HDF5 file, as float32 arrays of equally many rows.

    A dataset stored in one piece as little-endian float32, as `cae-caffe data` writes it, is mapped into memory: its
    pages are the system's file cache, shared by all nets that read it, whatever the size of the file. Any other
    (compressed, in chunks, of another type) is loaded whole and converted, as Caffe does, or, beyond LOADED bytes,
    converted while it is read.

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

    def _rows(self, file: h5py.File, name: str) -> np.ndarray | StreamedRows:
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
        if dataset.size * np.dtype("f4").itemsize > LOADED:
            return StreamedRows(self.path, name)
        return _as_float32(dataset[...])


class StreamedRows:
    """The rows of a dataset as they are asked for, by a slice or an array of row numbers, as float32.

    Slices are cut from a block of rows that is read ahead, so that each chunk of a file read in order is decompressed
    once. Rows in shuffled order are picked one by one, which is slow where chunks are large: shuffle such a file once
    and for all instead.
    """

    def __init__(self, path: str, name: str):
        self._dataset = h5py.File(path, "r")[name]      # which keeps the file open as long as it lives
        self.shape: tuple[int, ...] = self._dataset.shape
        row = int(np.prod(self.shape[1:])) * np.dtype("f4").itemsize
        self._rows = max(1, BLOCK // max(1, row))
        self._start, self._block = 0, np.empty((0,) + self.shape[1:], np.float32)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice | np.ndarray) -> np.ndarray:
        if isinstance(rows, slice):
            return self._slice(*rows.indices(len(self))[:2])
        order = np.argsort(rows)                        # HDF5 picks rows in ascending order only
        picked = np.empty((len(rows),) + self.shape[1:], np.float32)
        picked[order] = _as_float32(self._dataset[rows[order]])
        return picked

    def _slice(self, start: int, stop: int) -> np.ndarray:
        if not self._start <= start <= stop <= self._start + len(self._block):
            self._start = start
            self._block = _as_float32(self._dataset[start:max(stop, start + self._rows)])
        return self._block[start - self._start:stop - self._start]


def _as_float32(values: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):             # what is too large becomes infinite, as HDF5 converts it for Caffe
        return values.astype(np.float32)
