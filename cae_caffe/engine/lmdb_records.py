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
from .database_records import DatabaseRecords
from .lmdb_pages import Pages

# Open databases by device and inode, for LMDB forbids to open one twice in a process.
_open: weakref.WeakValueDictionary[tuple[int, int], Any] = weakref.WeakValueDictionary()


class LmdbRecords(DatabaseRecords):
    """The records of the LMDB in `folder`, over and over; all nets of the process share what is mapped of its file.

    Each page is checked before liblmdb reads it (see `lmdb_pages`): whatever the file holds, reading ends in a record
    or in InputError. Only a file that another process shortens or writes over in that very moment is beyond that.

    Raises InputError if there is none, it cannot be read or it is empty; RunError without the lmdb package.
    """

    kind = "LMDB"
    _left: int      # records of the leaf behind the one where the reading stands

    def __init__(self, folder: str):
        self.folder = folder
        lmdb = _lmdb()
        self._failures = (OSError, ValueError, MemoryError, lmdb.Error)
        try:
            self._pages = Pages(folder)
            self._transaction = _environment(lmdb, folder).begin()
            self._pages.follow(self._transaction.id())
            found = self._first()
            log.info("db_lmdb.cpp:35", f"Opened lmdb {folder}")
        except self._failures as error:
            if os.path.exists(os.path.join(folder, "CURRENT")):
                raise InputError(f"{folder} is no LMDB but a LevelDB; write `backend: LEVELDB`.") from None
            raise InputError(f"the LMDB {folder} cannot be opened ({self._reason(error)}); `source` is the path of the "
                             f"folder that holds its data.mdb, relative to the working directory, {Path.cwd()}."
                             ) from None
        if not found:
            raise InputError(f"the LMDB {folder} is empty; a batch cannot be made of it.")

    def _item(self) -> tuple[bytes, bytes]:
        self._pages.require_size()
        return super()._item()

    def _seek(self, key: bytes) -> bool:
        self._begin(key)
        return bool(key) and self._cursor.set_key(key)

    def _first(self) -> bool:
        self._begin(b"")
        return self._cursor.first()

    def _next(self) -> bool:
        self._pages.require_size()
        if not self._left:
            self._left = next(self._leaves, 0)
        self._left -= 1
        return self._left >= 0 and self._cursor.next()

    def _begin(self, key: bytes) -> None:
        """A cursor that has read nothing yet, and the check of the leaf where `key` is, which it will read."""
        self._leaves = self._pages.leaves(key)
        self._left = next(self._leaves, 0) - 1
        self._cursor = self._transaction.cursor()

    @staticmethod
    def _reason(error: Exception) -> str:
        return getattr(error, "strerror", None) or str(error) or type(error).__name__


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
