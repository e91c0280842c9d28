"""pycaffe's calls for Caffe's log."""

from __future__ import annotations

from ..engine import log as engine


def log(message: str) -> None:
    """Print `message` at level INFO in Caffe's log format."""
    engine.info("_caffe.cpp:68", message)


def init_log(level: int = 0, to_stderr: bool = True) -> None:
    """Drop messages below `level` (0 INFO, 1 WARNING, 2 ERROR). The log always goes to standard error."""
    engine.set_minimum(level)
