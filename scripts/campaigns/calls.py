"""System calls that strace fails, or kills at, one by one: over a snapshot, and what follows it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

from forked import forked, status_of

from . import place

CALLS = ("mkdir,mkdirat", "openat", "write", "fsync", "rename,renameat,renameat2")
WAYS = ("error=ENOSPC", "error=EIO", "error=EINTR", "signal=KILL")
MOST = 40           # calls of a kind in one snapshot


def attack(folder: Path, count: int, failed: place.Failed) -> str:
    """Fail calls number 1 to `count` of each kind, in each way, or fewer where a snapshot makes fewer."""
    reference = folder / "reference"
    place.write_training(reference, 6, 2)
    place.run(place.TRAIN, reference, reference / "log")
    end = (reference / "small_iter_6.caffemodel").read_bytes()
    tried = told = killed = 0
    for kind in CALLS:
        for way in WAYS:
            for number in range(1, min(count, MOST) + 1):
                here = folder / "-".join([kind.split(",")[0], way.split("=")[1], str(number)])
                place.write_training(here, 6, 2)
                status, reached = _one(here, f"{kind}:{way}:when={number}")
                if not reached:
                    break
                tried += 1
                told += status == 1
                killed += status == -signal.SIGKILL
                said = (here / "log").read_text(errors="replace")
                failed.unless(status in (0, 1, -signal.SIGKILL) and "Traceback" not in said, f"{here}: {said[-300:]}")
                failed.unless(place.run(place.TRAIN, here, here / "log") == 0, f"{here} does not resume")
                failed.unless((here / "small_iter_6.caffemodel").read_bytes() == end, f"{here} ends in other bytes")
                failed.unless(not place.leftovers(here), f"{here} leaves {place.leftovers(here)}")
    return f"{tried} calls failed: {told} told, {killed} killed at, {tried - told - killed} did not matter"


def _one(folder: Path, inject: str) -> tuple[int, bool]:
    """Train with calls of the snapshot at iteration 4 failing; the exit status, and whether a call did."""
    trace = folder / "trace"

    def work() -> int:
        _stop_before_the_snapshot()
        return place.main([*place.TRAIN])
    process = forked(work, folder, folder / "log")
    os.waitpid(process, os.WUNTRACED)
    strace = subprocess.Popen(["strace", "-f", "-qq", "-o", str(trace), "-e", f"inject={inject}", "-p", str(process)],
                              stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while f"TracerPid:\t{strace.pid}" not in Path(f"/proc/{process}/status").read_text() and strace.poll() is None:
        time.sleep(0.005)
    os.kill(process, signal.SIGCONT)
    status = status_of(process)
    strace.wait()
    said = trace.read_text(errors="replace") if trace.exists() else ""
    return status, "INJECTED" in said or status == -signal.SIGKILL


def _stop_before_the_snapshot() -> None:
    """In the process: stop once, as it comes to write the snapshot of iteration 4."""
    from cae_caffe.engine.solvers import snapshot
    write = snapshot.write

    def stopping(solver):
        if solver.iter == 4:
            os.kill(os.getpid(), signal.SIGSTOP)
        return write(solver)
    snapshot.write = stopping
