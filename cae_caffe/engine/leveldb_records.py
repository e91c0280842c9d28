"""The records of a LevelDB, Caffe's default database, in the order of their keys (src/caffe/util/db_leveldb.cpp)."""

from __future__ import annotations

import fcntl
import gc
import os
import struct
import weakref
from pathlib import Path
from types import ModuleType
from typing import Any

from ..errors import InputError, RunError
from . import leveldb_log, log
from .database_records import DatabaseRecords

OPEN_FILES, BLOCK = 100, 65536      # as Caffe opens it
COMMAND = 100       # characters of a command line that are shown
_FLOCK = struct.Struct("hhqqi4x")   # a lock's kind, from where, its start and length, the process


class _Database:
    """A plyvel.DB, which itself cannot be referred to weakly."""

    def __init__(self, opened: Any):
        self.opened = opened


# Open databases by the inodes of their folder and lock file. LevelDB lets one process open one, and that once; a try
# to open it twice would even give the lock away.
_open: weakref.WeakValueDictionary[tuple[int, ...], _Database] = weakref.WeakValueDictionary()


class LevelDbRecords(DatabaseRecords):
    """The records of the LevelDB in `folder`, over and over; all nets of the process share it.

    As it is opened LevelDB writes its log into tables anew, in the folder, as it does for Caffe. Every block's checksum
    is verified. Raises InputError if there is none, it cannot be opened or read, another process has it open, or it is
    empty; RunError without the plyvel package.
    """

    kind = "LevelDB"

    def __init__(self, folder: str):
        self.folder = folder
        plyvel = _plyvel()
        self._failures = (OSError, MemoryError, plyvel.Error)
        _require_database(folder)
        try:
            if not _is_open(folder):
                _look_for_cuts(folder)
            self._database = _database(plyvel, folder)      # kept open with the reading
            self._cursor = self._database.opened.raw_iterator(verify_checksums=True)
            found = self._first()
            log.info("db_leveldb.cpp:18", f"Opened leveldb {folder}")
        except self._failures as error:
            raise InputError(_why_not(folder, self._reason(error))) from None
        if not found:
            raise InputError(f"the LevelDB {folder} is empty; a batch cannot be made of it.")

    def _seek(self, key: bytes) -> bool:
        self._cursor.seek(key)
        return self._cursor.valid() and self._cursor.key() == key

    def _first(self) -> bool:
        self._cursor.seek_to_first()
        return self._cursor.valid()

    def _next(self) -> bool:
        self._cursor.next()
        return self._cursor.valid()

    @staticmethod
    def _reason(error: Exception) -> str:
        words = error.args[0] if error.args else ""
        text = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(error)
        return text or type(error).__name__


def _plyvel() -> ModuleType:
    """The package, or its successor of the same names, which has wheels for newer Pythons."""
    try:
        import plyvel
    except ImportError:
        try:
            import plyvel_next as plyvel
        except ImportError as error:
            raise RunError("A LevelDB, Caffe's default `backend`, cannot be read without the plyvel package; run `pip "
                           'install "cae-caffe[leveldb]"`, or give the data as an LMDB (`backend: LMDB`) or as HDF5 '
                           '(type: "HDF5Data").') from error
    return plyvel


def _require_database(folder: str) -> None:
    """Raises InputError where `folder` holds no LevelDB: LevelDB itself would begin to make one there."""
    if os.path.exists(os.path.join(folder, "CURRENT")):
        return
    if os.path.exists(os.path.join(folder, "data.mdb")):
        raise InputError(f"{folder} is no LevelDB, Caffe's default `backend`, but an LMDB; write `backend: LMDB`.")
    raise InputError(f"the LevelDB {folder} cannot be opened (there is no {os.path.join(folder, 'CURRENT')}); `source` "
                     "is the path of the folder that holds its tables, relative to the working directory, "
                     f"{Path.cwd()}.")


def _is_open(folder: str) -> bool:
    return _key(folder) in _open


def _look_for_cuts(folder: str) -> None:
    """Raises InputError if the list of tables is cut off, for LevelDB would forget some; warns of a log that is."""
    tables = Path(folder, "CURRENT").read_bytes().strip().decode("utf-8", "replace")
    for name in sorted(os.listdir(folder)):
        if (name == tables or name.endswith(".log")) and leveldb_log.is_cut_off(os.path.join(folder, name)):
            if name == tables:
                raise InputError(f"the LevelDB {folder} is cut off: {name}, its list of tables, ends amid a record; "
                                 "copy or write it anew.")
            log.warning("db_leveldb.cpp:15", f"The LevelDB {folder} may be cut off: {name} ends amid a record, where "
                                             "its writer was stopped or a copy was broken off.")


def _database(plyvel: ModuleType, folder: str) -> _Database:
    database = _open.get(_key(folder))
    if database is None:
        database = _Database(_opened(plyvel, folder))
        _open[_key(folder)] = database
    return database


def _key(folder: str) -> tuple[int, ...]:
    lock = os.path.join(folder, "LOCK")
    places = [os.stat(path) for path in (folder, lock) if os.path.exists(path)]
    return tuple(number for place in places for number in (place.st_dev, place.st_ino))


def _opened(plyvel: ModuleType, folder: str) -> Any:
    options = {"max_open_files": OPEN_FILES, "block_size": BLOCK, "paranoid_checks": True}
    path = os.path.abspath(folder)          # for tables are opened later, too, wherever the process is then
    try:
        return plyvel.DB(path, **options)
    except plyvel.IOError:
        gc.collect()    # until then, nets out of use may keep a database open that stood in this very place before
        return plyvel.DB(path, **options)


def _why_not(folder: str, reason: str) -> str:
    holder = _holder(os.path.join(folder, "LOCK"))
    if holder:
        return (f"the LevelDB {folder} is open in {holder}, and LevelDB lets one process open it; wait for that to "
                "end, or copy the folder for each run.")
    if not os.access(folder, os.W_OK):
        return (f"the LevelDB {folder} cannot be opened ({reason}): LevelDB writes into its folder even to "
                "read, and this folder cannot be written; copy it to where it can.")
    return (f"the LevelDB {folder} cannot be opened ({reason}); it is damaged or cut off: copy or write it "
            "anew.")


def _holder(lock: str) -> str | None:
    """The other process that has the database of the file `lock` open, in words; None if there is none.

    Not for a database that this process has open: closing the file here would give its lock away.
    """
    try:
        file = os.open(lock, os.O_RDWR)
    except OSError:
        return None
    try:
        asked = fcntl.fcntl(file, fcntl.F_GETLK, _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
    except OSError:
        return None
    finally:
        os.close(file)
    kind, _, _, _, process = _FLOCK.unpack(asked)
    if kind == fcntl.F_UNLCK:
        return None
    try:
        words = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return f"process {process}"
    command = " ".join(b" ".join(words).decode("utf-8", "replace").split())
    return f"process {process} (`{command[:COMMAND]}`)"
