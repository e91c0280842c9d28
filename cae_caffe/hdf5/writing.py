"""Writing HDF5 files without letting HDF5 write to a disk.

When a disk is full, HDF5 cannot close its file: h5py hides that, so the file lacks its last values without a word, and
the process may die later of what is left open. So HDF5 only ever writes to memory here, and Python, which tells each
error, writes to the disk.
"""

from __future__ import annotations

import itertools
from typing import Callable

import h5py

_NAMES = (f"in memory {number}" for number in itertools.count())      # HDF5 takes two files of one name for one
_GROWTH = 1 << 20       # bytes by which a file in memory grows


def content(fill: Callable[[h5py.File], object]) -> bytes:
    """The bytes of the HDF5 file that `fill(file)` fills; it takes twice their number of memory."""
    with h5py.File(next(_NAMES), "w", driver="core", backing_store=False, block_size=_GROWTH) as file:
        fill(file)
        file.flush()
        return file.id.get_file_image()
