"""pycaffe's stop watch (include/caffe/util/benchmark.hpp)."""

from __future__ import annotations

import time

import torch

from ..engine import device, log


class Timer:
    """Measures the time between `start()` and `stop()`; reading `ms` stops a running one.

    In GPU mode it waits for the device, so that what was started before `stop` is counted.
    """

    def __init__(self):
        self._start: float | None = None
        self._stop: float | None = None

    def start(self) -> None:
        """Start, unless it runs already."""
        if self._start is None or self._stop is not None:
            self._start, self._stop = _now(), None

    def stop(self) -> None:
        """Stop, if it runs."""
        if self._start is not None and self._stop is None:
            self._stop = _now()

    @property
    def ms(self) -> float:
        """Milliseconds of the last run: whole ones in CPU mode, as Caffe counts them there. 0 before the first run."""
        if self._start is None:
            log.warning("benchmark.cpp:84", "Timer has never been run before reading time.")
            return 0.0
        self.stop()
        milliseconds = (self._stop - self._start) * 1000
        return milliseconds if device.mode() == "gpu" else float(int(milliseconds))


def _now() -> float:
    if device.mode() == "gpu":
        getattr(torch, device.accelerator()).synchronize()
    return time.perf_counter()
