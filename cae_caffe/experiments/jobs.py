"""Several runs at once, each a process of one thread, with one progress bar for all."""

from __future__ import annotations

import re
import subprocess
import time
from dataclasses import dataclass
from typing import Callable, List, Sequence

from ..errors import RunError
from ..progress import bar
from .runs import Run

POLL = 0.5       # seconds
_ITERATION = re.compile(rb"Iteration (\d+)")
_TAIL = 4096     # bytes of a log in which its last iteration stands


@dataclass
class _Job:
    run: Run
    process: subprocess.Popen
    started: float
    reached: int = 0

    def progress(self) -> int:
        """How many iterations were made since the last call."""
        with self.run.log.open("rb") as log:
            log.seek(0, 2)
            log.seek(max(0, log.tell() - _TAIL))
            found = _ITERATION.findall(log.read())
        reached = max(self.reached, min(int(found[-1]), self.run.length)) if found else self.reached
        gain, self.reached = reached - self.reached, reached
        return gain


def run_all(runs: Sequence[Run], jobs: int, say: Callable[[str], None]) -> None:
    """Make all `runs` that have no result yet, `jobs` at a time; `say` is told a line for each that ends.

    Ctrl-C ends the runs that are under way; their snapshots stay, and the next call goes on from them. Raises RunError
    if runs failed, after the others are done, naming each with the last line of its log.
    """
    waiting = [run for run in runs if run.result() is None]
    if len(waiting) < len(runs):
        say(f"{len(runs) - len(waiting)} of {len(runs)} runs are done already.")
    running: List[_Job] = []
    failed: List[str] = []
    with bar(sum(run.length for run in waiting), "training") as progress:
        try:
            while waiting or running:
                while waiting and len(running) < jobs:
                    running.append(_start(waiting.pop(0)))
                time.sleep(POLL)
                for job in list(running):
                    over = job.process.poll() is not None
                    progress.update(job.progress())
                    if over:
                        running.remove(job)
                        _finish(job, say, failed)
        finally:
            for job in running:
                job.process.terminate()
            for job in running:
                job.process.wait()
    if failed:
        raise RunError("These runs failed: " + "; ".join(failed))


def _start(run: Run) -> _Job:
    command = run.command()
    with run.log.open("ab" if "-snapshot" in command else "wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
    return _Job(run, process, time.monotonic())


def _finish(job: _Job, say: Callable[[str], None], failed: List[str]) -> None:
    if job.process.returncode:
        lines = job.run.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        failed.append(f"{job.run.name} ({job.run.log}: {lines[-1] if lines else 'nothing was logged'})")
        say(f"{job.run.name}: failed")
        return
    seconds = time.monotonic() - job.started
    result = job.run.record(seconds)
    losses = "; ".join(f"{value:.2f}" for value in result["test"].values())
    say(f"{job.run.name}: {losses} on test images, {seconds:.0f} s")
