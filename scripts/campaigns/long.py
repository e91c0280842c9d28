"""A long run: memory and open files stay as they are."""

from __future__ import annotations

import os
import time
from pathlib import Path

from forked import status_of

from . import place

SNAPSHOTS = 20
FEWEST = 2000       # iterations, so that there is something to look at
SETTLED = 0.1       # of the run, after which nothing may grow
MEMORY = 1.02       # times what it was then: pages that the allocator has not met before
LOOK = 0.25         # seconds


def attack(folder: Path, count: int, failed: place.Failed) -> str:
    """Train `count` iterations, or FEWEST; returns what was measured."""
    count = max(count, FEWEST)
    place.write_training(folder / "run", count, count // SNAPSHOTS,
                         f"display: {count // 100} test_iter: 4 test_interval: {count // 50}\n")
    log = folder / "log"
    process = place.command((*place.TRAIN, "--keep", "3"), folder / "run", log)
    seen: list[tuple[int, int, int]] = []       # iteration, resident bytes, open files
    while not os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT):
        time.sleep(LOOK)
        try:
            seen.append((_iteration(log), *_of(process)))
        except (OSError, IndexError):       # it has not begun to log, or is ending
            continue
    failed.unless(status_of(process) == 0, f"it ended early, see {log}")
    settled = [one for one in seen if one[0] >= SETTLED * count and one[2]] or seen[-1:]    # none open: it is ending
    memory, files = [one[1] for one in settled], [one[2] for one in settled]
    failed.unless(max(memory) <= MEMORY * memory[0], f"memory grew from {memory[0]} to {max(memory)} bytes")
    half = len(files) // 2      # snapshots open some for a moment, so that the least number tells
    failed.unless(min(files[half:]) <= min(files[:half] or files), f"open files: {files}")
    kept = len(list((folder / "run").glob("*.solverstate")))
    failed.unless(kept == 3, f"{kept} snapshots are kept instead of 3")
    return (f"{count} iterations: {memory[0] / 2**20:.1f} MB at a tenth, at most {max(memory) / 2**20:.1f} MB later; "
            f"{min(files)} to {max(files)} open files; {SNAPSHOTS} snapshots, 3 kept")


def _iteration(log: Path) -> int:
    words = [line.split("Iteration ")[1].split()[0] for line in log.read_text().splitlines() if "Iteration " in line]
    return int(words[-1].rstrip(","))


def _of(process: int) -> tuple[int, int]:
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE"), len(os.listdir(f"/proc/{process}/fd"))
