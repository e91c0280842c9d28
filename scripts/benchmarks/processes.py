"""The near end of a side: starts its process, lets it run for its turns only, and ends it."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cae_caffe.errors import RunError

from .machine import Watch
from .sides import NAMES, Side

TIMEOUT = 600           # seconds; far beyond any turn, so that a hang ends and says whose it is
_LAST_BYTES = 2000      # of what a process said before it died


@dataclass(frozen=True)
class Turn:
    """What came of a turn: seconds by the clock, of processor time, and how many cores other processes kept busy."""

    seconds: float
    processor: float
    others: float


class SideProcess:
    """A side's process with a task for benchmarks.worker; use as a context manager.

    It is stopped whenever it has no request to answer: threads that wait actively would spin through the others'
    turns. Raises RunError when the process fails, with its last words.
    """

    def __init__(self, side: Side, task: dict, folder: Path):
        self.side = side
        self.peak_bytes = 0
        self._said = tempfile.TemporaryFile()       # noqa: SIM115 - __exit__ closes it
        self._process = subprocess.Popen(
            side.command("benchmarks.worker") + [json.dumps(task)], env=side.environment(folder), cwd=str(folder),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said, start_new_session=True)

    def __enter__(self) -> SideProcess:
        return self

    def __exit__(self, *_) -> None:
        self._signal(signal.SIGKILL)
        self._process.wait()
        self._said.close()
        self._process.stdout.close()
        self._process.stdin.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_until_ready(self) -> dict[str, str]:
        """What the process says about itself once its task is set up."""
        about = self._receive()["about"]
        self._stop()
        return about

    def take_turn(self, work: str, times: int) -> Turn:
        """Let the process do `times` steps of `work`, a method of its task."""
        watch = Watch()
        self._signal(signal.SIGCONT)
        self._send({"work": work, "times": times})
        answer = self._receive()
        self._stop()
        self.peak_bytes = max(self.peak_bytes, answer["peak_bytes"])
        return Turn(answer["seconds"], answer["processor"], watch.others(answer["processor"]))

    def _send(self, request: dict) -> None:
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()

    def _receive(self) -> dict:
        ready, _, _ = select.select([self._process.stdout], [], [], TIMEOUT)
        line = self._process.stdout.readline() if ready else b""
        if not ready:
            raise RunError(f"{self._name} did not answer within {TIMEOUT} s; it said: {self._last_words()}")
        if not line:
            raise RunError(f"{self._name} ended with status {self._process.wait()}; it said: {self._last_words()}")
        answer = json.loads(line)
        if "error" in answer:
            raise RunError(f"{self._name} failed: {answer['error'].strip()}")
        return answer

    @property
    def _name(self) -> str:
        return f"The process of {NAMES[self.side.engine]}, {self.side.label},"

    def _last_words(self) -> str:
        size = os.fstat(self._said.fileno()).st_size
        return os.pread(self._said.fileno(), _LAST_BYTES, max(0, size - _LAST_BYTES)).decode("utf-8", "replace")

    def _stop(self) -> None:
        """Stop all threads of the process, and wait until they are."""
        self._signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def _signal(self, number: int) -> None:
        """Send a signal to the process and its children, if there are any left."""
        with contextlib.suppress(ProcessLookupError):       # it has ended; whoever reads its answer says so
            os.killpg(self._process.pid, number)
