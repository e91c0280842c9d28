"""Writing files so that nothing half-written is ever seen under its final name, not even after a loss of power.

A file is written in a hidden folder beside its place, `.cae-caffe-XXXXXXXX.part`, under its own name; it goes to the
disk (fsync), then to its place (rename), and then its folder goes to the disk.

The writer holds a lock (flock) on the hidden folder, which the kernel takes away when the process ends, however it
ends. So one whose lock can be had is of a dead process: the next writer into the same folder removes it. Where the
system locks no folders (Windows, NFS), nothing is removed.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Container, Iterator
from pathlib import Path

from . import locks

_PREFIX, _SUFFIX = ".cae-caffe-", ".part"
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)       # what only the writing of a file meets
ALL = errno.errorcode     # what else a block meets that only writes
_CANNOT_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EACCES)      # a file system without fsync, a folder not to be listed


class Batch:
    """Files that come to their places together; made by `together`."""

    def __init__(self) -> None:
        self._parts: dict[Path, Path] = {}      # where each file goes, and where it is until then
        self._locks: list[int | None] = []
        self._new_folders: list[Path] = []

    def part(self, path: str | os.PathLike) -> Path:
        """Where to write the file that goes to `path`: its name in a new folder beside it, which is made if missing.

        Where `path` is a link, the file goes to what it points to. OSError if it is there and no file.
        """
        with _named(path):
            final = _place(path)
            self._make_folder(final.parent)
            remove_leftovers(final.parent)
            folder, lock = _locked_folder(final.parent)
            self._locks.append(lock)
            self._parts[final] = folder / final.name
        return self._parts[final]

    def write(self, path: str | os.PathLike, data: bytes) -> None:
        """Write the whole of a file that goes to `path`."""
        with self.writing(path) as part:
            part.write_bytes(data)

    @contextlib.contextmanager
    def writing(self, path: str | os.PathLike) -> Iterator[Path]:
        """As `part`, for a block that writes the file and does nothing else with files: an OSError names `path`."""
        part = self.part(path)
        with _named(path, part.parent, ALL):
            yield part

    def _make_folder(self, folder: Path) -> None:
        self._new_folders += [one for one in (folder, *folder.parents) if not one.exists()]
        folder.mkdir(parents=True, exist_ok=True)

    def sync(self) -> None:
        """Bring all of them to the disk."""
        for final, part in self._parts.items():
            with _named(final, part.parent):
                sync(part)

    def put(self) -> None:
        """Rename them to their places, in the order in which they were asked for."""
        for final, part in self._parts.items():
            with _named(final, part.parent):
                os.replace(part, final)
        for folder in {**dict.fromkeys(final.parent for final in self._parts),
                       **dict.fromkeys(folder.parent for folder in self._new_folders)}:
            sync(folder)

    def close(self) -> None:
        """Remove the folders beside, and what is still in them."""
        for part in self._parts.values():
            shutil.rmtree(str(part.parent), ignore_errors=True)
        for lock in filter(None, self._locks):
            os.close(lock)


@contextlib.contextmanager
def together() -> Iterator[Batch]:
    """A Batch whose files come to their places when the block ends: all are on the disk before the first is renamed.

    They are renamed in the order in which the block asked for them. After an error, of the block or the disk, no file
    is left but those that were renamed before it. An OSError of the disk names the file as the caller did.
    """
    batch = Batch()
    try:
        yield batch
        batch.sync()
        batch.put()
    finally:
        batch.close()


@contextlib.contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary path, where the block writes the file; it comes to `path` on success, and goes on any failure.

    The folder of `path` is made if it is missing. An OSError of the disk names `path`, not the temporary one.
    """
    with together() as batch:
        part = batch.part(path)
        with _named(path, part.parent):
            yield part


def write_text(path: str | os.PathLike, text: str) -> None:
    r"""Write `text` as UTF-8 with `\n` line ends, by way of `replacing`."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: str | os.PathLike, data: bytes) -> None:
    """Write `data`, by way of `replacing`."""
    with together() as batch:
        batch.write(path, data)


def put(part: str | os.PathLike, path: str | os.PathLike) -> None:
    """Bring the whole file `part` to `path`, in the same folder, so that it is there after a loss of power too."""
    with _named(path, part):
        sync(part)
        os.replace(part, path)
        sync(Path(path).parent)


def remove_leftovers(folder: str | os.PathLike) -> None:
    """Remove from `folder` what processes that have died were writing there, as far as it can be known and removed.

    So does whoever writes a file into the folder.
    """
    with contextlib.suppress(OSError, ValueError):      # a folder that may be written to, but not listed; a zero byte
        for name in os.listdir(folder):
            if name.startswith(_PREFIX) and name.endswith(_SUFFIX):
                _remove_if_dead(Path(folder, name))


def sync(path: str | os.PathLike) -> None:
    """Have the file, or the names in the folder, on the disk, as far as its file system does that; OSError if not."""
    is_folder = os.path.isdir(path)
    if is_folder and sys.platform == "win32":       # which opens no folders
        return
    try:
        descriptor = os.open(path, os.O_RDONLY if is_folder else os.O_RDWR)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in _CANNOT_SYNC:
            error.filename = os.fspath(path)
            raise


@contextlib.contextmanager
def _named(path: str | os.PathLike, beside: str | os.PathLike = "",
           unnamed: Container[int | None] = FULL) -> Iterator[None]:
    """Let an OSError that names a file beginning with `beside`, or none with a number in `unnamed`, name `path`."""
    try:
        yield
    except OSError as error:
        named = os.fsdecode(error.filename) if isinstance(error.filename, (str, bytes)) else ""
        if named.startswith(os.fspath(beside)) if named else error.errno in unnamed:
            error.filename = os.fspath(path)
            del error.filename2         # None in its place would be printed, too
        raise


def _place(path: str | os.PathLike) -> Path:
    if "\0" in os.fspath(path):
        raise OSError(errno.EINVAL, "no file's name has a zero byte in it", os.fspath(path))
    final = Path(os.path.realpath(path)) if os.path.islink(path) else Path(path)
    if final.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    if final.exists() and not final.is_file():      # a device or a pipe, which must not be replaced
        raise OSError(errno.EINVAL, "this is no file, and cannot be replaced by one", os.fspath(path))
    return final


def _locked_folder(beside: Path) -> tuple[Path, int | None]:
    """A new folder in `beside`, and the descriptor that holds its lock, where there are locks."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, suffix=_SUFFIX, dir=str(beside)))
        if sys.platform == "win32":
            return folder, None
        with contextlib.suppress(FileNotFoundError):    # another writer took it for a dead one's before it was locked
            lock = os.open(folder, os.O_RDONLY)
            if locks.lock(lock) is not False and os.path.samestat(os.fstat(lock), os.stat(folder)):
                return folder, lock
            os.close(lock)


def _remove_if_dead(leftover: Path) -> None:
    with contextlib.suppress(OSError):
        lock = os.open(leftover, os.O_RDONLY)
        try:
            if locks.lock(lock):
                shutil.rmtree(str(leftover), ignore_errors=True)
        finally:
            os.close(lock)
