"""Opening the HDF5 files that the figures are drawn from."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence

from ..hdf5 import reading


@contextlib.contextmanager
def stored(path: str | os.PathLike[str], needed: Sequence[str], maker: str) -> Iterator[reading.Group]:
    """Yield the open HDF5 file `path`; `maker` is the command that writes such files, with the datasets `needed`.

    Raises `InputError` if there is no such file, it is not HDF5, or it lacks a dataset.
    """
    with reading.opened(path, f"make it with `{maker}`") as file:
        missing = [name for name in needed if not isinstance(file.find(name), reading.Dataset)]
        if missing:
            raise file.error(f"no dataset {' or '.join(f'`{name}`' for name in missing)} in it, but "
                             f"{', '.join(file.names()) or 'nothing'}")
        yield file
