"""The records of an LMDB, Caffe's database, in the order of their keys (src/caffe/util/db_lmdb.cpp)."""

from __future__ import annotations

import gc
import os
import weakref
from pathlib import Path
from types import ModuleType
from typing import Any

from ..errors import InputError, RunError
from . import log

# Open databases by device and inode, for LMDB forbids to open one twice in a process.
_open: weakref.WeakValueDictionary[tuple[int, int], Any] = weakref.WeakValueDictionary()


class LmdbRecords:
    """The records of the LMDB in `folder`, over and over; all nets of the process share what is mapped of its file.

    Raises InputError if there is none, it cannot be read or it is empty; RunError without the lmdb package.
    """

    def __init__(self, folder: str):
        self.folder = folder
        lmdb = _lmdb()
        try:
            self._cursor = _environment(lmdb, folder).begin().cursor()
            found = self._cursor.first()
            log.info("db_lmdb.cpp:35", f"Opened lmdb {folder}")
        except (OSError, lmdb.Error) as error:
            raise InputError(f"the LMDB {folder} cannot be opened ({error}); `source` is the path of the folder that "
                             f"holds its data.mdb, relative to the working directory, {Path.cwd()}.") from None
        if not found:
            raise InputError(f"the LMDB {folder} is empty; a batch cannot be made of it.")

    def record(self) -> tuple[bytes, bytes]:
        """The key and the value of the record where the reading stands."""
        return self._cursor.item()

    def go_to(self, key: bytes) -> None:
        """Read on from the record of `key`. Raises InputError if there is none."""
        if not self._cursor.set_key(key):
            self._cursor.first()
            raise InputError(f"the LMDB {self.folder} has no record `{key.decode('utf-8', 'replace')}` any more, where "
                             "the reading stood")

    def advance(self) -> bool:
        """Go to the next record; returns whether that is the first again."""
        return not self._cursor.next() and self._cursor.first()


def _lmdb() -> ModuleType:
    try:
        import lmdb
    except ImportError as error:
        raise RunError("An LMDB cannot be read without the lmdb package; run `pip install \"cae-caffe[lmdb]\"`, or "
                       "give the data as HDF5 (type: \"HDF5Data\").") from error
    return lmdb


def _environment(lmdb: ModuleType, folder: str) -> Any:
    file = os.stat(os.path.join(folder, "data.mdb"))
    key = file.st_dev, file.st_ino
    environment = _open.get(key)
    if environment is None:
        environment = _open[key] = _opened(lmdb, folder)
    return environment


def _opened(lmdb: ModuleType, folder: str) -> Any:
    options = {"readonly": True, "lock": _may_lock(folder)}
    try:
        return lmdb.open(folder, **options)
    except lmdb.Error:
        gc.collect()    # until then, nets out of use may keep a database open that stood in this very place before
        return lmdb.open(folder, **options)


def _may_lock(folder: str) -> bool:
    """Whether a reader can enter itself in the lock file, which keeps writers from reusing the pages it reads."""
    lock = os.path.join(folder, "lock.mdb")
    return os.access(lock if os.path.exists(lock) else folder, os.W_OK)
