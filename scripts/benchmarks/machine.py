"""The machine: what it is, and how busy others keep it meanwhile."""

from __future__ import annotations

import os
import platform
import time
from typing import NamedTuple

QUIET = 0.5             # cores that others may keep busy before a run is called disturbed
_TICKS = os.sysconf("SC_CLK_TCK")


class Watch:
    """Counts, from its making on, how many of the machine's cores were busy."""

    def __init__(self):
        self._time, self._busy = time.monotonic(), _processor_times().busy

    def others(self, own: float = 0.0) -> float:
        """How many cores were busy on average, but for `own` seconds of processor time; at least 0."""
        elapsed = time.monotonic() - self._time
        return max(0.0, (_processor_times().busy - self._busy - own) / elapsed)


class _Times(NamedTuple):
    busy: float         # seconds of all cores since the machine started
    stolen: float       # by other virtual machines of the host


def _processor_times() -> _Times:
    with open("/proc/stat", encoding="ascii") as stat:
        user, nice, system, _, _, interrupt, soft, steal = map(int, stat.readline().split()[1:9])
    return _Times((user + nice + system + interrupt + soft) / _TICKS, steal / _TICKS)


def stolen_seconds() -> float:
    """Processor time that the host gave to other machines while this one wanted it, since this one started."""
    return _processor_times().stolen


def busy_cores(seconds: float) -> float:
    """How many cores other processes keep busy now, over so many seconds."""
    watch = Watch()
    time.sleep(seconds)
    return watch.others()


def load() -> float:
    """The load average of the last minute."""
    return os.getloadavg()[0]


def describe() -> dict[str, object]:
    """The processor, its cores, the memory in bytes, and the system."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "system": platform.platform(),
    }


def _processor() -> str:
    with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as cpuinfo:
        names = [line.split(":", 1)[1].strip() for line in cpuinfo if line.startswith("model name")]
    return names[0] if names else platform.machine()
