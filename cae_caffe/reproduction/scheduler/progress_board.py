"""Runs under way on a terminal: a line each, with iteration, rate, time left and loss, over one for all of them.

Nothing is shown where standard error is no terminal, so that logs stay readable.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Callable

from tqdm import tqdm

from ..runs.run import Run

_TAIL = 8192            # bytes of a log in which its last iteration and loss stand
_ITERATION = re.compile(rb"Iteration (\d+)")
_LOSS = re.compile(rb"Iteration \d+.*, loss = (\S+)")


class Watched:
    """One run's line; `look` brings it up to date from the run's log."""

    def __init__(self, log: Path, length: int, words: str, line: int, leave: Callable[[], None]):
        self._log, self._length, self._leave = log, length, leave
        self._bar = tqdm(total=length or None, desc=words, position=line, leave=False, dynamic_ncols=True,
                         file=sys.stderr, disable=not sys.stderr.isatty())
        self._started = False

    def look(self) -> None:
        """Read the log's end."""
        if self._bar.disable or not self._length:
            return
        tail = _end_of(self._log)
        iterations, losses = _ITERATION.findall(tail), _LOSS.findall(tail)
        if losses:
            self._bar.set_postfix_str(f"loss {losses[-1].decode(errors='replace')}", refresh=False)
        if iterations:
            self._reach(min(int(iterations[-1]), self._length))

    def _reach(self, iteration: int) -> None:
        if not self._started:       # where a resumed run begins is no work of this session: the rate is not of it
            self._started = True
            self._bar.initial = iteration
        self._bar.n = max(self._bar.n, iteration)
        self._bar.refresh()

    def close(self) -> None:
        """Take the line away."""
        self._bar.close()
        self._leave()


class Board:
    """All lines, the topmost for the number of runs that are done; a context manager."""

    def __init__(self, total: int, done: int, jobs: int):
        self._free: list[int] = list(range(1, jobs + 1))
        self._runs = tqdm(total=total, initial=done, desc="runs", unit="run", position=0, leave=False,
                          dynamic_ncols=True, file=sys.stderr, disable=not sys.stderr.isatty())

    def __enter__(self) -> Board:
        return self

    def __exit__(self, *error) -> None:
        self._runs.close()

    def watch(self, run: Run, step: str) -> Watched:
        """A line for a run that begins `step`, "train" or "measure"."""
        line = self._free.pop(0)
        words = run.name if step == "train" else f"{run.name}: measuring"
        return Watched(run.log, run.length if step == "train" else 0, words, line, lambda: self._free.insert(0, line))

    def advance(self) -> None:
        """One more run is done."""
        self._runs.update(1)

    def teller(self, say: Callable[[str], None]) -> Callable[[str], None]:
        """`say`, with the lines out of its way."""
        def told(text: str) -> None:
            with tqdm.external_write_mode(file=sys.stderr):
                say(text)
        return told


def _end_of(path: Path) -> bytes:
    try:
        with path.open("rb") as log:
            log.seek(0, 2)
            log.seek(max(0, log.tell() - _TAIL))
            return log.read()
    except FileNotFoundError:
        return b""
