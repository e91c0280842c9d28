"""Standard output and error that never end the work: what cannot be written, for a full disk or a reader that has gone,
is lost, and the work goes on.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import TextIO

OUTPUT, ERROR = 1, 2


@contextlib.contextmanager
def lasting(output: bool) -> Iterator[None]:
    """Within the block, standard error takes whatever is written to it; with `output`, standard output does as well.

    A stream that is not the process's own (a test's, a notebook's) stays as it is.
    """
    before = sys.stdout, sys.stderr
    if sys.stderr is sys.__stderr__:
        sys.stderr = lossy(ERROR)
    if output and sys.stdout is sys.__stdout__:
        sys.stdout = lossy(OUTPUT)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def lossy(file: int | str | os.PathLike) -> TextIO:
    """A text stream, UTF-8 or the descriptor's own, that writes each line at once and loses what cannot be written.

    `file` is a descriptor, which stays open, or a path, whose file is made anew (OSError if it cannot be).
    """
    raw = open(file, "wb", buffering=0, closefd=not isinstance(file, int))      # noqa: SIM115 - the stream closes it
    own = {OUTPUT: sys.__stdout__, ERROR: sys.__stderr__}.get(file) if isinstance(file, int) else None
    return io.TextIOWrapper(_Lossy(raw), encoding=own.encoding if own else "utf-8", errors="backslashreplace",
                            write_through=True)


class _Lossy(io.RawIOBase):
    """Writes to `raw`, a FileIO, and takes what that refuses for written."""

    def __init__(self, raw: io.FileIO):
        super().__init__()
        self._raw = raw
        self.name = raw.name

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._raw.fileno()

    def isatty(self) -> bool:
        return self._raw.isatty()

    def write(self, data) -> int:
        rest = memoryview(data)
        with contextlib.suppress(OSError):
            while rest:
                written = self._raw.write(rest)
                if not written:     # it would have to wait
                    break
                rest = rest[written:]
        return len(data)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._raw.close()
        super().close()


def open_closed_descriptors() -> None:
    """Open those of standard input, output and error that are closed to nowhere, so that no file gets their numbers."""
    for descriptor in (0, OUTPUT, ERROR):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)      # which takes the lowest number that is free: this one
