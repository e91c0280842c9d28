"""SIGKILL aimed into the writing of snapshots; resumed, the run must end in the bytes of one that never stopped."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

from forked import status_of

from . import place

ITERATIONS, EVERY = 90, 3
MOST_IN_CHAIN = 12
PATIENCE = 120      # seconds for a run to get to its next snapshot
END = f"small_iter_{ITERATIONS}"


def attack(folder: Path, count: int, failed: place.Failed) -> str:
    """Kill `count` times; returns what was counted."""
    dice = random.Random(1)       # noqa: S311 - no secret
    ends = {}
    for form in ("BINARYPROTO", "HDF5"):
        reference = folder / f"reference-{form}"
        place.write_training(reference, ITERATIONS, EVERY, f"snapshot_format: {form}")
        failed.unless(place.run(place.TRAIN, reference, reference / "log") == 0, f"the run of {form} without kills")
        ends[form] = _end(reference)
    kills = chains = passed_over = 0
    while kills < count:
        chains += 1
        form = ("BINARYPROTO", "HDF5")[chains % 2]
        chain = folder / f"chain-{chains}"
        place.write_training(chain, ITERATIONS, EVERY, f"snapshot_format: {form}")
        for _ in range(min(MOST_IN_CHAIN, count - kills)):
            if not _killed(place.command(place.TRAIN, chain, chain / "log"), chain, dice):
                break
            kills += 1
        status = place.run(place.TRAIN, chain, chain / "log")
        failed.unless(status == 0, f"chain {chains} ends with status {status}, see {chain}/log")
        failed.unless(_end(chain) == ends[form], f"chain {chains} ends in other bytes, see {chain}")
        failed.unless(not place.leftovers(chain), f"chain {chains} leaves {place.leftovers(chain)} in {chain}")
        passed_over += (chain / "log").read_text().count("is passed over")
    return f"{kills} kills in {chains} chains of both formats; {passed_over} broken snapshots passed over"


def _killed(process: int, folder: Path, dice: random.Random) -> bool:
    """Kill the process in the writing of one of its next snapshots; False if it ended before."""
    skip, last = dice.randint(0, 4), None
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if os.waitpid(process, os.WNOHANG)[0]:
            return False
        parts = place.leftovers(folder)
        if parts and parts != last:
            last = parts
            skip -= 1
            if skip < 0:
                break
    time.sleep(dice.uniform(0, 0.03))
    os.kill(process, signal.SIGKILL)
    status_of(process)
    return True


def _end(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(folder.glob(f"{END}.*")) if path.suffix != ".dataposition"]
