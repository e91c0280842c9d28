"""Reading what a list file of HDF5 files names, as Caffe's HDF5Data layer does, but row by row."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..hdf5 import reading
from ..lists import read_list as read
from ..lists import reason


def read_list(list_file: str | os.PathLike) -> list[Path]:
    """The HDF5 files that `list_file` names, separated by white space, relative to the working directory.

    So does Caffe (LayerSetUp in hdf5_data_layer.cpp). InputError if the list cannot be read, is empty, or names a
    file that is not there.
    """
    try:
        lines = read(list_file).splitlines()
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read the list of HDF5 files `{list_file}`: {reason(error)}; `cae-caffe data` makes "
                         "one.") from error
    paths = [_listed(list_file, number, name) for number, line in enumerate(lines, 1) for name in line.split()]
    if not paths:
        raise InputError(f"`{list_file}` names no HDF5 file; a list holds one path a line.")
    return paths


def _listed(list_file: str | os.PathLike, line: int, name: str) -> Path:
    if not os.path.isfile(name):
        fault = f"`{name}` is a folder, not a file," if os.path.isdir(name) else f"there is no file `{name}`"
        raise InputError(f"{list_file}, line {line}: {fault} in the working directory "
                         f"`{os.getcwd()}`, from which Caffe looks; change to the folder where the list was made, or "
                         "correct the path.")
    return Path(name)


class HDF5Source:
    """Datasets of all files of a list as if they were in one file; use it as a context manager, or `close` it.

    `names` chooses datasets, by default those of the first file that have as many rows as its `data`, or all if it has
    none of that name. Attributes: `files`, and `names`. InputError as from `read_list`, or if a file is not HDF5, lacks
    a dataset, or has datasets that differ in their number of rows or whose rows differ in shape from the first file's.
    """

    def __init__(self, list_file: str | os.PathLike, names: Sequence[str] | None = None):
        self.files = read_list(list_file)
        self._file: reading.Group | None = None
        self._datasets: dict[str, reading.Dataset] = {}     # of that file
        self._opened = -1
        try:
            self.names = _with_data(_shapes(self._open(0))) if names is None else list(names)
            self._row_shapes, rows = self._shapes(0)
            self._starts = [0, rows]
            for index in range(1, len(self.files)):
                self._starts.append(self._starts[-1] + self._matching_rows(index))
        except InputError:
            self.close()
            raise

    def _matching_rows(self, index: int) -> int:
        """The number of rows of a file whose rows must be like the first file's."""
        row_shapes, rows = self._shapes(index)
        if row_shapes != self._row_shapes:
            raise InputError(f"`{self.files[index]}` has rows of the shapes {row_shapes}, but `{self.files[0]}` has "
                             f"{self._row_shapes}; the files of one list must agree.")
        return rows

    def _shapes(self, index: int) -> tuple[dict[str, tuple], int]:
        """The shape of one row by dataset, and the number of rows, of one file."""
        path, found = self.files[index], _shapes(self._open(index))
        missing = [name for name in self.names if name not in found]
        if missing or not self.names:
            raise InputError(f"`{path}` has no dataset {_quoted(missing, ' or ') or 'at all'}; it has "
                             f"{_quoted(sorted(found), ', ') or 'none'}.")
        rows = {name: found[name][0] for name in self.names}
        if len(set(rows.values())) != 1:
            raise InputError(f"`{path}` has datasets with different numbers of rows, {rows}; they must be equal.")
        return {name: found[name][1:] for name in self.names}, rows[self.names[0]]

    def _open(self, index: int) -> dict[str, reading.Dataset]:
        """The datasets of a file by name."""
        # One file open at a time: a long list would use up the process's file handles.
        if index != self._opened:
            self.close()
            self._file = reading.open_file(self.files[index])
            things = {name: self._file.find(name) for name in self._file.names()}
            self._datasets = {name: thing for name, thing in things.items() if isinstance(thing, reading.Dataset)}
            self._opened = index
        return self._datasets

    def __len__(self) -> int:
        """The number of rows in all files together."""
        return self._starts[-1]

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of dataset `name` over all files, rows first. InputError if it is not among `names`."""
        if name not in self._row_shapes:
            raise InputError(f"`{self.files[0]}` has no dataset `{name}`; it has {_quoted(self.names, ', ')}.")
        return (len(self),) + self._row_shapes[name]

    def rows(self, name: str, start: int, stop: int) -> np.ndarray:
        """Rows `start` to `stop` (not included) of dataset `name`, out of as many files as they lie in, as stored."""
        total, *row = self.shape(name)
        start, stop, _ = slice(start, stop).indices(total)
        pieces = [self._open(index)[name].read(slice(max(start - first, 0), stop - first))
                  for index, (first, end) in enumerate(zip(self._starts, self._starts[1:]))
                  if start < end and first < stop]
        return np.concatenate(pieces) if pieces else np.empty([0] + row, np.float32)

    def batches(self, size: int) -> Iterator[dict[str, np.ndarray]]:
        """All rows in order, `size` at a time (the last batch may be smaller), by dataset."""
        for start in range(0, len(self), size):
            yield {name: self.rows(name, start, start + size) for name in self.names}

    def close(self) -> None:
        """Close the file that is open; reading opens it again."""
        if self._file is not None:
            self._file.close()
        self._file, self._datasets, self._opened = None, {}, -1

    def __enter__(self) -> HDF5Source:
        return self

    def __exit__(self, *error) -> None:
        self.close()


def _shapes(datasets: Mapping[str, reading.Dataset]) -> dict[str, tuple]:
    """The shapes of datasets by name, but for those without rows (scalars) and those that hold no numbers."""
    return {name: dataset.shape for name, dataset in datasets.items() if dataset.shape and dataset.is_numbers("fiub")}


def _with_data(shapes: dict[str, tuple]) -> list[str]:
    """The datasets that go with `data` row by row; a file may hold others, such as a mean image, that do not."""
    return sorted(name for name in shapes if "data" not in shapes or shapes[name][0] == shapes["data"][0])


def _quoted(names: Sequence[str], separator: str) -> str:
    return separator.join(f"`{name}`" for name in names)
