"""A lock on a folder, held by a process and those that it starts, so that two never train in one folder.

It goes when the last of them ends, however it ends, and so never has to be cleaned up after a crash or `kill -9`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

if sys.platform != "win32":     # where nothing is locked
    import fcntl

LOCK = ".lock"


def take(folder: Path) -> int | None:
    """Lock `folder`, which is made if missing; returns the descriptor that holds the lock, None if another has it.

    Hand the descriptor to a child process by `pass_fds` to have the lock outlive this one; `release` gives up this
    process's share of it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(str(folder / LOCK), os.O_RDWR | os.O_CREAT, 0o666)
    if sys.platform != "win32":
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return None
    return descriptor


def release(descriptor: int) -> None:
    """Close the descriptor that `take` returned."""
    os.close(descriptor)
