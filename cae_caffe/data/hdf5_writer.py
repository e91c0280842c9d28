"""Writing an HDF5 file row by row, laid out as Caffe's HDF5Data layer and slicing read it fastest."""

from __future__ import annotations

import contextlib
import errno
import math
import os
from collections.abc import Iterator, Mapping
from typing import BinaryIO

import numpy as np

from ..errors import RunError
from ..files import replacing
from ..hdf5.writing import Layout

_REMEDIES = {
    errno.EEXIST: "a file stands where its folder should be, so choose another place with --out",
    errno.EFBIG: "this disk takes no file of that size, so split the data with --max-file",
    errno.ENOSPC: "free some space on the disk",
}
_OTHER_REMEDY = "choose another place with --out"


class HDF5Writer:
    """Fills the datasets of a new HDF5 file with rows, the same number in each; made by `hdf5_writer`."""

    def __init__(self, file: BinaryIO, offsets: Mapping[str, int], rows: int, shapes: Mapping[str, tuple[int, ...]],
                 dtypes: Mapping[str, np.dtype]):
        self.rows = rows
        self.written = 0
        self._file = file
        self._offsets = offsets
        self._shapes = shapes
        self._dtypes = dtypes

    def append(self, **chunks: np.ndarray) -> None:
        """Write the next rows: for every dataset by name an array of as many rows. ValueError if they do not fit."""
        shapes = {name: chunk.shape for name, chunk in chunks.items()}
        counts = {shape[0] for shape in shapes.values()}
        if ({name: shape[1:] for name, shape in shapes.items()} != self._shapes or len(counts) != 1
                or self.written + max(counts) > self.rows):
            raise ValueError(f"chunks of the shapes {shapes} do not fit behind {self.written} of {self.rows} rows of "
                             f"the shapes {self._shapes}")
        for name, chunk in chunks.items():
            values = np.ascontiguousarray(chunk, self._dtypes[name])
            row = math.prod(self._shapes[name]) * values.itemsize
            self._file.seek(self._offsets[name] + self.written * row)
            self._file.write(values.tobytes())
        self.written += counts.pop()


@contextlib.contextmanager
def hdf5_writer(path: str | os.PathLike, rows: int, shapes: Mapping[str, tuple[int, ...]],
                attributes: Mapping[str, object] | None = None,
                dtypes: Mapping[str, np.dtype] | None = None) -> Iterator[HDF5Writer]:
    """A context that yields the HDF5Writer of a new file, which is at `path` once the block ends without an error.

    `shapes` maps a dataset's name to the shape of one of its `rows` rows: `{"data": (1, 28, 28), "label": ()}`.
    `dtypes` says of what type its numbers are; those not in it are float32. `attributes` become the file's.
    ValueError if rows are missing at the end; RunError if the file cannot be written, at the start if there is no room.
    """
    shapes = {name: tuple(shape) for name, shape in shapes.items()}
    types = {**dict.fromkeys(shapes, np.dtype("<f4")), **(dtypes or {})}
    layout = Layout({name: ((rows,) + shape, types[name]) for name, shape in shapes.items()}, attributes or {})
    with write_errors(path), replacing(path) as part:
        with part.open("wb") as file:
            layout.write(file)
            writer = HDF5Writer(file, layout.offsets, rows, shapes, types)
            yield writer
        if writer.written != rows:
            raise ValueError(f"`{path}` was given {writer.written} of its {rows} rows")


@contextlib.contextmanager
def write_errors(path: str | os.PathLike) -> Iterator[None]:
    """Turn the system's errors (disk full, no permission) into a RunError that names `path`."""
    try:
        yield
    except OSError as error:
        # HDF5 packs the system's message into several lines of its own.
        reason = os.strerror(error.errno) if error.errno else str(error).splitlines()[0]
        raise RunError(f"cannot write `{path}`: {reason}; {_REMEDIES.get(error.errno or 0, _OTHER_REMEDY)}.") from error
