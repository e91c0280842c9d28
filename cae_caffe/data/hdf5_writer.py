"""Writing an HDF5 file row by row, laid out as Caffe's HDF5Data layer and slicing read it fastest."""

from __future__ import annotations

import contextlib
import errno
import math
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import h5py
import numpy as np

from ..errors import RunError
from ..files import replacing

_REMEDIES = {
    errno.EEXIST: "a file stands where its folder should be, so choose another place with --out",
    errno.EFBIG: "this disk takes no file of that size, so split the data with --max-file",
    errno.ENOSPC: "free some space on the disk",
}
_OTHER_REMEDY = "choose another place with --out"


class HDF5Writer:
    """Fills the float32 datasets of a new HDF5 file with rows, the same number in each; made by `hdf5_writer`."""

    def __init__(self, file: BinaryIO, offsets: Mapping[str, int], rows: int, shapes: Mapping[str, tuple[int, ...]]):
        self.rows = rows
        self.written = 0
        self._file = file
        self._offsets = offsets
        self._shapes = shapes

    def append(self, **chunks: np.ndarray) -> None:
        """Write the next rows: for every dataset by name an array of as many rows. ValueError if they do not fit."""
        shapes = {name: chunk.shape for name, chunk in chunks.items()}
        counts = {shape[0] for shape in shapes.values()}
        if ({name: shape[1:] for name, shape in shapes.items()} != self._shapes or len(counts) != 1
                or self.written + max(counts) > self.rows):
            raise ValueError(f"chunks of the shapes {shapes} do not fit behind {self.written} of {self.rows} rows of "
                             f"the shapes {self._shapes}")
        for name, chunk in chunks.items():
            values = np.ascontiguousarray(chunk, "<f4")
            self._file.seek(self._offsets[name] + self.written * _row_bytes(self._shapes[name]))
            self._file.write(values.tobytes())
        self.written += counts.pop()


@contextlib.contextmanager
def hdf5_writer(path: str | os.PathLike, rows: int, shapes: Mapping[str, tuple[int, ...]],
                attributes: Mapping[str, object] | None = None) -> Iterator[HDF5Writer]:
    """A context that yields the HDF5Writer of a new file, which is at `path` once the block ends without an error.

    `shapes` maps a dataset's name to the shape of one of its `rows` rows: `{"data": (1, 28, 28), "label": ()}`.
    `attributes` become the file's. ValueError if rows are missing at the end; RunError if the file cannot be written.
    """
    shapes = {name: tuple(shape) for name, shape in shapes.items()}
    with write_errors(path), replacing(path) as part:
        _check_room(part, rows * sum(map(_row_bytes, shapes.values())))
        offsets = _lay_out(part, rows, shapes, attributes or {})
        # The values go past HDF5: when a disk is full, HDF5 cannot close its file, and takes Python down at its end.
        with part.open("r+b") as file:
            writer = HDF5Writer(file, offsets, rows, shapes)
            yield writer
        if writer.written != rows:
            raise ValueError(f"`{path}` was given {writer.written} of its {rows} rows")


def _row_bytes(shape: tuple[int, ...]) -> int:
    return 4 * math.prod(shape)


def _check_room(part: Path, size: int) -> None:
    """Raise OSError at once, not after long work, if the disk has no room for `size` bytes or takes no such file."""
    with part.open("wb") as file:
        file.truncate(size)
    if shutil.disk_usage(str(part.parent)).free < size:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _lay_out(part: Path, rows: int, shapes: Mapping[str, tuple[int, ...]],
             attributes: Mapping[str, object]) -> dict[str, int]:
    """Create the file with all but the values, and say at which byte those of each dataset begin."""
    # Contiguous, so that a range of rows is one read, with its place fixed now; without times, so that equal input
    # gives equal bytes.
    settings = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    settings.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    settings.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    settings.set_obj_track_times(False)
    with h5py.File(str(part), "w") as file:
        file.attrs.update(attributes)
        return {name: h5py.h5d.create(file.id, name.encode("utf-8"), h5py.h5t.IEEE_F32LE,
                                      h5py.h5s.create_simple((rows,) + shape), settings).get_offset()
                for name, shape in shapes.items()}


@contextlib.contextmanager
def write_errors(path: str | os.PathLike) -> Iterator[None]:
    """Turn the system's errors (disk full, no permission) into a RunError that names `path`."""
    try:
        yield
    except OSError as error:
        # HDF5 packs the system's message into several lines of its own.
        reason = os.strerror(error.errno) if error.errno else str(error).splitlines()[0]
        raise RunError(f"cannot write `{path}`: {reason}; {_REMEDIES.get(error.errno or 0, _OTHER_REMEDY)}.") from error
