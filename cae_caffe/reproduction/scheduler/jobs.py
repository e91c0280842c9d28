"""Several runs at once, each a process of one thread: trained, then measured, never twice, watched on a terminal."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from ... import locks
from ...errors import CaeCaffeError, RunError
from ...running.processes import ONE_THREAD, Program, this_python
from ..measures import process as measuring
from ..runs import record
from ..runs.run import Run
from . import warm_processes as warm
from .progress_board import Board, Watched

POLL = 0.5              # seconds
ELSEWHERE = 5.0         # seconds between looks at a folder that another process has locked
LOGGED = {"train": "0", "measure": "2"}     # glog's least level: records are read from runs' logs, not measures'
MEASURES_LOG = "measures.log"
LOCK = ".lock"          # in a run's folder, so that two processes never train in it


@dataclass
class _Job:
    """A run in one of its steps; `lock` is on its folder, and shared with the process."""

    run: Run
    step: str               # "train" or "measure"
    process: subprocess.Popen | warm.WarmProcess
    lock: int
    started: float
    resumed: bool
    watched: Watched

    @property
    def log(self) -> Path:
        return self.run.log if self.step == "train" else self.run.folder / MEASURES_LOG


def run_all(runs: Sequence[Run], jobs: int, program: Program, say: Callable[[str], None],
            after: Callable[[], object] = lambda: None) -> None:
    """Make all `runs` that have no result yet, `jobs` at a time; `say` is told a line for each that ends.

    `program` is the command line `cae-caffe`, which trains.

    A run is trained, recorded and measured (`measures.measured`), each step in a process of its own; `after` is called
    behind every run that ends. A run whose folder another process has locked is waited for. Ctrl-C ends the runs that
    are under way; their snapshots stay, and the next call goes on from them. Raises RunError if runs failed, after the
    others are done, naming each with the last line of its log.
    """
    waiting = deque(run for run in runs if _next_step(run))
    for run in runs:
        found = run.result()
        if found:
            record.completed(run.folder, found)
    done = sum(run.result() is not None for run in runs)
    if done:
        say(f"{done} of {len(runs)} runs are done already.")
    with Board(len(runs), len(runs) - len(waiting), jobs) as board:
        pool = _Pool(waiting, jobs, program, board, board.teller(say), after)
        try:
            pool.work()
        finally:
            pool.stop()
    if pool.failed:
        raise RunError("These runs failed: " + "; ".join(pool.failed))


def _next_step(run: Run) -> str | None:
    """What is left to do for a run: "train", "measure" or None."""
    if run.result() is None:
        return "train"
    return "measure" if measuring.wanted(run) else None


class _Pool:
    """The processes under way and the runs that wait for one to end."""

    def __init__(self, waiting: deque[Run], jobs: int, program: Program, board: Board, say, after):
        self._waiting, self._jobs, self._program = waiting, jobs, program
        self._board, self._say, self._after = board, say, after
        self._running: list[_Job] = []
        self._elsewhere: list[Run] = []
        self._told_of: set[str] = set()
        self._next_look = 0.0
        self.failed: list[str] = []

    def work(self) -> None:
        """Until nothing is left to do."""
        while self._waiting or self._running or self._elsewhere:
            self._look_elsewhere()
            while self._waiting and len(self._running) < self._jobs:
                self._begin(self._waiting.popleft())
            time.sleep(POLL)
            for job in list(self._running):
                over = job.process.poll() is not None       # before the look at its log, which is then whole
                job.watched.look()
                if over:
                    self._end(job)

    def stop(self) -> None:
        """End the processes that are still under way."""
        for job in self._running:
            job.process.terminate()
        for job in self._running:
            job.process.wait()
            job.watched.close()
            locks.release(job.lock)

    def _look_elsewhere(self) -> None:
        if self._elsewhere and time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + ELSEWHERE
            self._waiting.extend(self._elsewhere)
            self._elsewhere.clear()

    def _begin(self, run: Run) -> None:
        """Start the run's next step, if there still is one: another process may have made it meanwhile."""
        run.folder.mkdir(parents=True, exist_ok=True)
        lock = locks.take(run.folder / LOCK)
        if lock is None:
            self._wait_for(run)
            return
        try:
            if run.result() is None and run.trained():      # the process that recorded it was killed
                self._told(run.record())
            step = _next_step(run)
            if step:
                self._running.append(self._started(run, step, lock))
        except CaeCaffeError as error:
            self.failed.append(f"{run.name} ({error})")
            step = None
        if step is None:
            locks.release(lock)
            self._close(run)

    def _wait_for(self, run: Run) -> None:
        """Look again later, and say so the first time."""
        if run.name not in self._told_of:
            self._told_of.add(run.name)
            self._say(f"{run.name}: waits for {locks.holder(run.folder / LOCK)}, or one that it started, which has "
                      f"locked {run.folder}")
        self._elsewhere.append(run)

    def _started(self, run: Run, step: str, lock: int) -> _Job:
        command = self._program.command(*run.words(self._say)) if step == "train" else measuring.command(run)
        resumed = "-snapshot" in command
        path = run.log if step == "train" else run.folder / MEASURES_LOG
        if not resumed:
            path.write_bytes(b"")
        variables = {**ONE_THREAD, "GLOG_minloglevel": LOGGED[step]}
        process = _process(command, path, lock, variables, run.backend, self._program.imports)
        return _Job(run, step, process, lock, time.monotonic(), resumed, self._board.watch(run, step))

    def _end(self, job: _Job) -> None:
        self._running.remove(job)
        job.watched.close()
        try:
            self._take(job)
        finally:
            locks.release(job.lock)
        if job.step == "train" and not job.process.returncode and measuring.wanted(job.run):
            self._waiting.appendleft(job.run)
        else:
            self._close(job.run)

    def _take(self, job: _Job) -> None:
        """What came of the process."""
        if job.process.returncode:
            self.failed.append(f"{_words(job)} ({job.log}: {_last_line(job.log)})")
            self._say(f"{_words(job)}: failed")
        elif job.step == "train":
            try:
                self._told(job.run.record(None if job.resumed else time.monotonic() - job.started))
            except CaeCaffeError as error:
                self.failed.append(str(error))

    def _told(self, result) -> None:
        losses = "; ".join(f"{value:.2f}" for value in result["test"].values())
        variant = f", {result['variant']['what']}" if "variant" in result else ""
        self._say(f"{result['model']}{variant}, seed {result['seed']}: {losses} on test images, "
                  f"{result['seconds']:.0f} s")

    def _close(self, run: Run) -> None:
        self._board.advance()
        self._after()


def _process(command: Sequence[str], log: Path, lock: int, variables: dict[str, str], backend: str,
             imports: Sequence[str]):
    """Start `command`, whose outputs go behind what `log` holds: warm if it is a module for the embedded engine."""
    if backend != "caffe" and list(command[:2]) == [sys.executable, "-m"] and warm.there():
        return warm.WarmProcess(command[2], command[3:], log, variables, lock, imports)
    with log.open("ab") as file:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT,
                                env={**this_python().variables, **variables}, pass_fds=[lock])


def _words(job: _Job) -> str:
    return job.run.name if job.step == "train" else f"the measures of {job.run.name}"


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "nothing was logged"
