"""Caffe's log: glog's line format on standard error, with the source places that Caffe's own lines carry.

Tools that read Caffe's logs look for the level letter, the time, and `file:line]` before the message, so all of them
are here. glog's settings, variables GLOG_* such as `GLOG_minloglevel` (0 info, 1 warning, 2 error), are heeded as they
are at each line, not as they were when the process began.
"""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Iterator
from typing import TextIO

from tqdm import tqdm

from .. import glog
from ..glog import LEVELS

_printed_once: set[str] = set()
_stream: TextIO | None = None
_minimum: int | None = None         # what `set_minimum` said; until then the environment says it


@contextlib.contextmanager
def to(stream: TextIO) -> Iterator[None]:
    """Send the lines to `stream` instead of standard error."""
    global _stream
    previous, _stream = _stream, stream
    try:
        yield
    finally:
        _stream = previous


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Drop messages below WARNING."""
    global _minimum
    if not enabled("INFO"):
        yield
        return
    previous, _minimum = _minimum, LEVELS["WARNING"]
    try:
        yield
    finally:
        _minimum = previous


def set_minimum(level: int) -> None:
    """Drop messages below `level`: 0 keeps all, 1 drops INFO, 2 WARNING as well, 3 ERROR as well."""
    global _minimum
    _minimum = level


def enabled(level: str = "INFO") -> bool:
    """Whether a message of `level` would be printed; ask before building a costly one."""
    return LEVELS[level] >= (glog.number_set("minloglevel", 0) if _minimum is None else _minimum)


def info(place: str, message: str, text: str = "") -> None:
    """Print `message` at level INFO; `place` is Caffe's own file and line, such as `solver.cpp:239`.

    `text` may have several lines, which follow.
    """
    _print("INFO", place, message, text)


def info_once(place: str, message: str) -> None:
    """Print `message` at level INFO, the first time in this process only."""
    if place not in _printed_once:
        _printed_once.add(place)
        info(place, message)


def creating_layer(name: str) -> None:
    """Say what Caffe's factory says of each layer that it makes, those inside a layer of two, as a loss, included."""
    info("layer_factory.hpp:77", f"Creating layer {name}")


def warning(place: str, message: str) -> None:
    """Print `message` at level WARNING."""
    _print("WARNING", place, message)


def error(place: str, message: str) -> None:
    """Print `message` at level ERROR."""
    _print("ERROR", place, message)


def always(place: str, message: str) -> None:
    """Print `message` at level INFO, whatever level is dropped: what a user has to know before it happens."""
    _write("INFO", place, message)


def _print(level: str, place: str, message: str, text: str = "") -> None:
    if enabled(level):
        _write(level, place, message, text)


def _write(level: str, place: str, message: str, text: str = "") -> None:
    line = glog.line(level, place, message, text)
    # A log that cannot be written, for a full disk or a reader that has gone, ends no training.
    with contextlib.suppress(OSError, ValueError):      # ValueError: it is closed
        if _stream is not None:
            _stream.write(line)
            return
        glog.add_to_files(level, line)
        if glog.on_stderr(level) and sys.stderr is not None:
            # A progress bar on the terminal steps aside for the line.
            with tqdm.external_write_mode(file=sys.stderr):
                sys.stderr.write(line)


def number(value: float) -> str:
    """`value` as a C++ stream prints a float: six significant digits, and the sign also of what is no number."""
    value = float(value)
    return "-nan" if math.isnan(value) and math.copysign(1, value) < 0 else format(value, ".6g")
