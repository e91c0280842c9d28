"""The readers of HDF5 files, which `hdf5_readers` makes with a whole file of each kind, for `fuzzing`."""

from __future__ import annotations

import functools
import os
import tempfile
from pathlib import Path

import hdf5_damage
import hdf5_readers
from fuzzing import add


@functools.lru_cache(maxsize=1)
def _readers(folder: Path) -> hdf5_readers.Readers:
    """Made in a folder of their own, for they read and write there under names of theirs."""
    folder.mkdir(exist_ok=True)
    return _within(folder, lambda: hdf5_readers.Readers(folder))


def _within(folder: Path, act):
    """What `act` returns with `folder` as the working directory."""
    before = os.getcwd()
    os.chdir(folder)
    try:
        return act()
    finally:
        os.chdir(before)


@functools.cache
def _contents() -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        return {name: kind.content for name, kind in _readers(Path(folder)).kinds.items()}


def _read(name: str, path: Path) -> None:
    folder = path.parent / "hdf5"
    kind = _readers(folder).kinds[name]
    kind.path.write_bytes(path.read_bytes())
    _within(folder, kind.read)


for _name in hdf5_readers.KINDS:
    add(f"HDF5: {_name}", lambda name=_name: [_contents()[name]], functools.partial(_read, _name),
        damage=hdf5_damage.damaged)
