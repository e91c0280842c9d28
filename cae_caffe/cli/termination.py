"""SIGTERM, which batch systems and `kill` send, as an exception, so that half-written files go on the way out."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator

EXIT_STATUS = 128 + signal.SIGTERM     # as a shell has it for a process that the signal ended


@contextlib.contextmanager
def unwinding() -> Iterator[None]:
    """Within the block, SIGTERM raises SystemExit with EXIT_STATUS where it would end the process at once.

    A handler that somebody else has set stays, and threads other than the main one cannot set any.
    """
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(EXIT_STATUS))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
