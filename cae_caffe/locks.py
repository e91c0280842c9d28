"""A lock on a file (flock), held by a process and those that it starts, with who holds it as the file's text.

It goes when the last of them ends, however it ends, and so never has to be cleaned up after a crash or `kill -9`.
"""

from __future__ import annotations

import contextlib
import os
import platform
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from .errors import RunError

if sys.platform != "win32":     # where nothing is locked
    import fcntl


def take(path: str | os.PathLike) -> int | None:
    """Lock the file `path`, which is made if missing; returns the descriptor that holds the lock, None if it is taken.

    Hand the descriptor to a child process by `pass_fds` to have the lock outlive this one; `release` gives up this
    process's share of it. OSError if the file cannot be made. Where the file system has no locks, everyone gets it.
    """
    while True:
        descriptor = _opened(path)
        if lock(descriptor) is False:
            os.close(descriptor)
            return None
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), os.stat(path)):
                with contextlib.suppress(OSError):      # a full disk
                    os.ftruncate(descriptor, 0)
                    os.write(descriptor, _who().encode("utf-8"))
                return descriptor
        os.close(descriptor)        # the one before has removed the file meanwhile


def lock(descriptor: int) -> bool | None:
    """Lock the open file or folder; whether the lock was to be had, None where there are no locks (Windows, NFS)."""
    if sys.platform == "win32":
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def release(descriptor: int) -> None:
    """Close the descriptor that `take` returned."""
    os.close(descriptor)


def holder(path: str | os.PathLike) -> str:
    """Who holds the lock, in words: "process 4242 on host name since 2026-11-28 06:20:11 UTC"."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").strip() or "another process"
    except OSError:
        return "another process"


@contextlib.contextmanager
def of_snapshots(prefix: str) -> Iterator[None]:
    """Hold the lock of a `snapshot_prefix`, `.NAME.lock` beside its snapshots, for as long as the block runs.

    Raises RunError if another run holds it. Where no file can be made, nothing is locked: then no snapshot can either.
    """
    folder, name = os.path.split(prefix)
    path = os.path.join(folder, f".{name}.lock")
    try:
        descriptor = take(path)
    except (OSError, ValueError):       # ValueError: a zero byte in the name
        yield
        return
    if descriptor is None:
        raise RunError(f"Another run writes snapshots to `snapshot_prefix` {prefix}: {holder(path)}. Wait for its end, "
                       "or give this run a `snapshot_prefix` of its own.")
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            os.unlink(path)
        release(descriptor)


def _opened(path: str | os.PathLike) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except PermissionError:
        return os.open(path, os.O_RDONLY)       # another user's, which may be locked all the same


def _who() -> str:
    since = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
    return f"process {os.getpid()} on host {platform.node()} since {since}\n"
