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
        self._start: float | None = None        # of a running clock
        self._milliseconds: float | None = None

    def start(self) -> None:
        """Start, unless it runs already."""
        if self._start is None:
            self._start = _now()

    def stop(self) -> None:
        """Stop, if it runs."""
        if self._start is not None:
            self._milliseconds, self._start = (_now() - self._start) * 1000, None

    @property
    def ms(self) -> float:
        """Milliseconds of the last run: whole ones in CPU mode, as Caffe counts them there. 0 before the first run."""
        self.stop()
        if self._milliseconds is None:
            log.warning("benchmark.cpp:84", "Timer has never been run before reading time.")
            return 0.0
        return self._milliseconds if device.mode() == "gpu" else float(int(self._milliseconds))


def _now() -> float:
    if device.mode() == "gpu":
        (torch.cuda if device.accelerator() == "cuda" else torch.mps).synchronize()
    return time.perf_counter()
