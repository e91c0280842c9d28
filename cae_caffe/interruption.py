"""How a command ends that a signal ends: SIGINT, which is Ctrl-C, or SIGTERM, which batch systems and `kill` send."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

# Exit statuses as a shell has them for a process that the signal ended.
INTERRUPTED = 128 + 2       # SIGINT
TERMINATED = 128 + 15       # SIGTERM


def status() -> int:
    """The exit status after a KeyboardInterrupt that was caught: INTERRUPTED.

    CPython remembers that a KeyboardInterrupt left an `exec` of a string, as imports are full of (run_eval_code_obj of
    Python/pythonrun.c), and `python -m` then ends by the signal, whatever was caught (Py_RunMain of Modules/main.c).
    The next such `exec` makes it forget.
    """
    exec("")        # noqa: S102 (it executes nothing; see above)
    return INTERRUPTED


@contextlib.contextmanager
def unwinding() -> Iterator[None]:
    """Within the block, SIGTERM raises SystemExit with TERMINATED where it would end the process at once.

    So half-written files go on the way out. A handler that somebody else has set stays, and threads other than the main
    one cannot set any.
    """
    import signal  # both here, for most commands start without them
    import threading

    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
