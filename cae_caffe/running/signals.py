"""What signals ask of a training run: Ctrl-C and hang-ups, as Caffe's tool has them, and SIGTERM."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator
from typing import Any, Callable, Optional

from ..errors import InputError

EFFECTS = ("stop", "snapshot", "none")
TOGETHER = 1.0      # seconds within which two SIGTERMs are one: `timeout` sends it to the process and to its group
TakeRequest = Callable[[], Optional[str]]       # the next signal's effect that has not been acted upon, if any


def check_effects(*effects: str) -> None:
    """Raises InputError for an effect that is none of EFFECTS."""
    for effect in effects:
        if effect not in EFFECTS:
            raise InputError(f"A signal's effect is `{effect}`; it must be one of {', '.join(EFFECTS)}.")


@contextlib.contextmanager
def requests(sigint_effect: str, sighup_effect: str, sigterm_effect: str) -> Iterator[TakeRequest]:
    """Catch SIGINT, SIGHUP and SIGTERM; yields a function that takes what they ask for.

    A second signal whose effect is `stop` acts at once, but for a SIGTERM that comes TOGETHER with the first.
    """
    pending: list[str] = []
    previous: dict[int, Any] = {}

    def catch(number: int, effect: str) -> None:
        def handler(_number: int, _frame: object) -> None:
            if effect == "stop":
                signal.signal(number, _at_once(number, previous[number]) if number == signal.SIGINT else
                              _unless_together(number, previous[number]))
            pending.append(effect)
        previous[number] = signal.getsignal(number)     # first, for the handler asks for it at once
        signal.signal(number, signal.SIG_IGN if effect == "none" else handler)

    for name, effect in (("SIGINT", sigint_effect), ("SIGHUP", sighup_effect), ("SIGTERM", sigterm_effect)):
        if hasattr(signal, name):                # Windows has no SIGHUP
            catch(getattr(signal, name), effect)
    try:
        yield lambda: pending.pop(0) if pending else None
    finally:
        for number, earlier in previous.items():
            signal.signal(number, earlier)


def _at_once(number: int, handler: Any) -> Any:
    """The handler of a second signal: what was there before, but not that it is ignored, as in a shell's background."""
    if handler != signal.SIG_IGN:
        return handler
    return signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL


def _unless_together(number: int, handler: Any) -> Any:
    """The handler of a second signal: one that comes TOGETHER with the first is passed over, a later acts at once."""
    first = time.monotonic()

    def second(_number: int, _frame: object) -> None:
        if time.monotonic() - first > TOGETHER:
            signal.signal(number, _at_once(number, handler))
            signal.raise_signal(number)
    return second
