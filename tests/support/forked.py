"""Work in a forked process, which has imported already what this one has, its outputs going into a file."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import Callable

EXCEPTION = 99      # the status of a process that ended in one


def forked(work: Callable[[], int | None], folder: Path, log: Path) -> int:
    """Do `work` in `folder` in a forked process, whose outputs go behind `log`; returns its number."""
    process = os.fork()
    if process:
        return process
    status = EXCEPTION
    try:
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        os.chdir(folder)
        status = work() or 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def status_of(process: int) -> int:
    """Wait for a process; its exit status, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
