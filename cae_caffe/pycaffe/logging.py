"""pycaffe's calls for Caffe's log."""

from __future__ import annotations

from ..engine import log as engine


def log(message: str) -> None:
    """Print `message` at level INFO in Caffe's log format."""
    engine.info("_caffe.cpp:68", message)


def init_log(level: int | None = None, to_stderr: bool = True) -> None:
    """Drop messages below `level` (0 INFO, 1 WARNING, 2 ERROR); without one nothing changes.

    Unlike Caffe, which after this call writes to files in /tmp unless `to_stderr`, the log goes on to standard error.
    """
    if level is not None:
        engine.set_minimum(level)
