"""Rows of HDF5 datasets for the data layer: in memory, as in Caffe, or read by and by where they would fill it."""

from __future__ import annotations

import math
import weakref
from pathlib import Path
from typing import Union

import numpy as np

from ..errors import InputError
from ..hdf5 import reading
from ..lists import read_list, reason
from ..printing import shown
from . import log
from .spare_memory import spare_memory

# A dataset is loaded whole if it takes at most this share of the memory that is free; and how many bytes, as float32,
# of a larger one are read at a time.
SHARE, BLOCK = 0.5, 1 << 26
# A Caffe blob counts its numbers in an int (Blob::Reshape in Caffe's blob.cpp).
MOST_NUMBERS = 2**31 - 1

# What is loaded now, by file and dataset: nets of one process that read one file hold it once.
_loaded: weakref.WeakValueDictionary[tuple, np.ndarray] = weakref.WeakValueDictionary()


def listed_files(source: str) -> list[str]:
    """The HDF5 files named in the list file `source`, by white space, relative to the working directory.

    Raises InputError if the list is missing or empty.
    """
    try:
        names = read_list(source).split()
    except (OSError, ValueError) as error:
        raise InputError(f"its `source` {source}, the list of HDF5 files, cannot be read ({reason(error)}); paths are "
                         f"relative to the working directory, {Path.cwd()}. `cae-caffe data` writes such "
                         "lists.") from error
    if not names:
        raise InputError(f"its `source` {source} lists no HDF5 file; put at least one path into it.")
    return names


class HDF5Rows:
    """The datasets `names` of one HDF5 file, as float32 arrays of equally many rows.

    They are loaded whole, as Caffe does: what becomes of the file afterwards does not matter. Only what would take
    more than the share SHARE of the free memory is read block by block (StreamedRows).

    Raises InputError if the file or a dataset is missing, or the numbers of rows differ.
    """

    def __init__(self, path: str, names: tuple[str, ...]):
        self.path = path
        with reading.opened(path, f"paths in the list are relative to the working directory, {Path.cwd()}") as file:
            self.arrays = [self._rows(file, name) for name in names]
        rows = {name: len(array) for name, array in zip(names, self.arrays)}
        if len(set(rows.values())) > 1:
            raise InputError(f"the datasets of {path} have different numbers of rows, {rows}; they must agree.")
        self.count = len(self.arrays[0])
        if self.count == 0:
            raise InputError(f"the datasets of {path} have no rows; a batch cannot be made of them.")

    def _rows(self, file: reading.Group, name: str) -> Rows:
        dataset = file.find(name)
        if not isinstance(dataset, reading.Dataset):
            raise InputError(f"{self.path} has no dataset `{name}`, which a top is named after; it has "
                             f"{shown(', '.join(f'`{n}`' for n in file.names()))}. Rename the top or the dataset.")
        if not dataset.shape or not dataset.is_numbers():
            raise InputError(f"dataset `{name}` of {self.path} is of shape {dataset.shape} and type {dataset.dtype}; "
                             "it must have at least one axis and hold numbers.")
        count = math.prod(dataset.shape)
        if max(count, *dataset.shape) > MOST_NUMBERS:
            raise InputError(f"dataset `{name}` of {self.path} holds {count} numbers, and Caffe's blobs take "
                             f"{MOST_NUMBERS} at most; split it into several files (`cae-caffe data` does).")
        if dataset.dtype.kind == "f":
            log.info_once("hdf5.cpp:33", "Datatype class: H5T_FLOAT")
        else:
            log.info_once("hdf5.cpp:36", "Datatype class: H5T_INTEGER")
        if count * np.dtype("f4").itemsize > SHARE * spare_memory():
            return StreamedRows(self.path, name)
        return _loaded_once(dataset)


def _loaded_once(dataset: reading.Dataset) -> np.ndarray:
    """The values of `dataset`, of which all that read it have the same array."""
    state = dataset.file_state()
    key = None if state is None else (*state, dataset.name)
    values = None if key is None else _loaded.get(key)
    if values is None:
        values = _as_float32(dataset, slice(None))
        values.flags.writeable = False
        if key is not None:
            _loaded[key] = values
    return values


class StreamedRows:
    """The rows of a dataset as they are asked for, by a slice or an array of row numbers, as float32.

    Slices are cut from a block of rows that is read ahead, so that each chunk of a file read in order is decompressed
    once. Rows in shuffled order are picked one by one, which is slow where chunks are large: shuffle such a file once
    and for all instead.

    Raises InputError on reading if the file has been written to since: of loaded data nobody would notice, but here
    the rows to come would be others.
    """

    def __init__(self, path: str, name: str):
        self.path = path
        # Open as long as this lives.
        self._dataset = reading.open_file(path, "leave it as it is while a net reads it").dataset(name)
        self._opened = self._dataset.file_state()
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
        picked[order] = self._read(rows[order])
        return picked

    def _slice(self, start: int, stop: int) -> np.ndarray:
        if not self._start <= start <= stop <= self._start + len(self._block):
            self._start = start
            self._block = self._read(slice(start, max(stop, start + self._rows)))
        return self._block[start - self._start:stop - self._start]

    def _read(self, rows: slice | np.ndarray) -> np.ndarray:
        found = _as_float32(self._dataset, rows)
        if self._dataset.file_state() != self._opened:
            raise InputError(f"{self.path} was written to while a net reads it. It is too large to be loaded into "
                             "memory, so the rows to come would be others; write new data to a new file.")
        return found


Rows = Union[np.ndarray, StreamedRows]


def _as_float32(dataset: reading.Dataset, rows: slice | np.ndarray) -> np.ndarray:
    """The `rows` of `dataset` as float32, converted by numpy block by block, so that no second copy is as large."""
    if isinstance(rows, np.ndarray):
        return _converted(dataset.read(rows))
    length, *row = dataset.shape
    start, stop, _ = rows.indices(length)
    values = dataset.memory((stop - start, *row))
    if dataset.dtype == np.dtype("<f4") and values.size:
        return dataset.read(slice(start, stop), values)
    step = max(1, BLOCK // max(1, values[:1].nbytes))
    for first in range(start, stop, step):
        last = min(first + step, stop)
        values[first - start:last - start] = _converted(dataset.read(slice(first, last)))
    return values


def _converted(values: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):             # what is too large becomes infinite, as HDF5 converts it for Caffe
        return values.astype(np.float32)
