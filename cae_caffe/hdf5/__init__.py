"""HDF5 files: written so that a full disk cannot spoil them, and read so that damage is told in one sentence.

`hdf5.reading` and `hdf5.writing` are imported when they are asked for: h5py takes long to import, and `train --help`
does not wait for it.
"""

from __future__ import annotations

import importlib
from types import ModuleType


def __getattr__(name: str) -> ModuleType:
    if name not in ("reading", "writing"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return importlib.import_module(f".{name}", __name__)
