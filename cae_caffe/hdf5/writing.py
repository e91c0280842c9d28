"""Writing HDF5 files without letting HDF5 write to a disk.

When a disk is full, HDF5 cannot close its file: h5py hides that, so the file lacks its last values without a word, and
the process may die later of what is left open. So HDF5 only ever writes to memory here, and Python, which tells each
error, writes to the disk: a small file's bytes whole (`content`), of a large one what lies around its values
(`Layout`), which then go straight to their places.
"""

from __future__ import annotations

import errno
import itertools
import math
import os
import shutil
from collections.abc import Mapping
from typing import BinaryIO, Callable

import h5py
import numpy as np

_NAMES = (f"in memory {number}" for number in itertools.count())      # HDF5 takes two files of one name for one
_GROWTH = 1 << 20       # bytes by which a file in memory grows


def content(fill: Callable[[h5py.File], object]) -> bytes:
    """The bytes of the HDF5 file that `fill(file)` fills; it takes twice their number of memory."""
    with h5py.File(next(_NAMES), "w", driver="core", backing_store=False, block_size=_GROWTH) as file:
        fill(file)
        file.flush()
        return file.id.get_file_image()


class Layout:
    """A new HDF5 file of datasets whose values are stored in one piece each, at `offsets`, a byte number by name.

    `datasets` maps a name to the shape and the dtype; `attributes` become the file's. Equal arguments give equal
    bytes, for no times are stored.
    """

    def __init__(self, datasets: Mapping[str, tuple[tuple[int, ...], np.dtype]], attributes: Mapping[str, object]):
        with os.fdopen(os.memfd_create("layout"), "w+b") as memory:        # which takes what is written, not its length
            with h5py.File(memory, "w") as file:
                file.attrs.update(attributes)
                self.offsets = {name: _create(file, name, *dataset) for name, dataset in datasets.items()}
            self.size = memory.seek(0, os.SEEK_END)
            lengths = {name: math.prod(shape) * dtype.itemsize for name, (shape, dtype) in datasets.items()}
            values = sorted((self.offsets[name], length) for name, length in lengths.items() if length)
            starts = [0, *(offset + length for offset, length in values)]
            stops = [*(offset for offset, _ in values), self.size]
            self._pieces = [(start, _piece(memory, start, stop)) for start, stop in zip(starts, stops)]

    def write(self, file: BinaryIO) -> None:
        """Reserve the room that the whole takes in the empty `file`, and write all of it but the values.

        Raises OSError at once, not after long work, if the disk has no room for it or takes no such file.
        """
        _reserve(file, self.size)
        for start, piece in self._pieces:
            file.seek(start)
            file.write(piece)


def _piece(file: BinaryIO, start: int, stop: int) -> bytes:
    file.seek(start)
    return file.read(stop - start)


def _create(file: h5py.File, name: str, shape: tuple[int, ...], dtype: np.dtype) -> int:
    """Create a dataset whose place is fixed now, without values; the number of its first byte, 0 if it has none."""
    settings = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    settings.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    settings.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    settings.set_obj_track_times(False)
    space, kind = h5py.h5s.create_simple(shape), h5py.h5t.py_create(dtype, logical=True)
    return h5py.h5d.create(file.id, name.encode("utf-8"), kind, space, settings).get_offset() or 0


def _reserve(file: BinaryIO, size: int) -> None:
    """Make `file` so long, with its room taken where the file system knows how to, and else known to be there."""
    try:
        os.posix_fallocate(file.fileno(), 0, size)
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
            raise
        file.truncate(size)
        if shutil.disk_usage(os.path.dirname(os.path.abspath(file.name))).free < size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from None
