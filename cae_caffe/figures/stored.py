"""Opening the HDF5 files that the figures are drawn from."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import h5py

from ..errors import InputError


@contextlib.contextmanager
def stored(path: str | os.PathLike[str], needed: Sequence[str], maker: str) -> Iterator[h5py.File]:
    """Yield the open HDF5 file `path`; `maker` is the command that writes such files, with the datasets `needed`.

    Raises `InputError` if there is no such file, it is not HDF5, or it lacks a dataset.
    """
    if not Path(path).is_file():
        raise InputError(f"{path}: there is no such file; make it with `{maker}`.")
    try:
        file = h5py.File(str(path), "r")
    except OSError as error:
        raise InputError(f"{path}: this is not a readable HDF5 file ({error}); make it with `{maker}`.") from error
    with file:
        missing = [name for name in needed if not isinstance(file.get(name), h5py.Dataset)]
        if missing:
            raise InputError(f"{path}: no dataset {' or '.join(f'`{name}`' for name in missing)} in it, but "
                             f"{', '.join(file) or 'nothing'}; make the file with `{maker}`.")
        yield file
