"""How much memory this process could still take, as the system and its control group (a container's limit) say."""

from __future__ import annotations

import sys
from pathlib import Path

_SYSTEM, _GROUP = Path("/proc/meminfo"), Path("/sys/fs/cgroup")


def spare_memory() -> int:
    """Bytes that are free or could be freed at once; sys.maxsize where the system does not tell."""
    return min(_of_system().get("MemAvailable", sys.maxsize), _of_group())


def spare_memory_and_swap() -> int | None:
    """Bytes of memory and swap that the system as a whole has left; None where it does not tell."""
    sizes = _of_system()
    return sizes["MemAvailable"] + sizes.get("SwapFree", 0) if "MemAvailable" in sizes else None


def _of_system() -> dict[str, int]:
    """The system's account of its memory, in bytes; nothing where it gives none."""
    try:
        lines = [line.partition(":") for line in _SYSTEM.read_text(encoding="ascii").splitlines()]
        return {name: int(rest.split()[0]) * 1024 for name, _, rest in lines}
    except (OSError, ValueError):
        return {}


def _of_group() -> int:
    """What the limit of a control group of version 2 leaves; its file cache counts as free."""
    try:
        limit, used, statistics = ((_GROUP / f"memory.{name}").read_text(encoding="ascii")
                                   for name in ("max", "current", "stat"))
        cached = next(int(line.split()[1]) for line in statistics.splitlines() if line.startswith("file "))
        return int(limit) - int(used) + cached
    except (OSError, StopIteration, ValueError):        # ValueError: the limit is `max`, for none
        return sys.maxsize
