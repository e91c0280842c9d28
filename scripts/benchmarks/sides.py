"""Who takes part: an engine with a number of threads, and the process that it runs in."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WITH_CAFFE = ROOT / ".caffe" / "with-caffe"

CAFFE, EAGER, ENGINE = "caffe", "eager", "engine"
NAMES = {CAFFE: "real Caffe", EAGER: "plain PyTorch", ENGINE: "this engine"}
# What decides threads and how they wait; a side gets its own and none of the caller's.
_PREFIXES = ("OMP_", "GOMP_", "KMP_", "MKL_", "OPENBLAS_", "PYTHON", "GLOG_")


@dataclass(frozen=True)
class Side:
    """An engine with `threads` threads, or as many as it chooses itself (None).

    `wait_policy` is OMP_WAIT_POLICY for plain PyTorch; this engine sets its own, and Caffe's BLAS has none.
    """

    engine: str
    threads: int | None
    wait_policy: str | None = None

    @property
    def label(self) -> str:
        """The threads in words."""
        if self.threads is None:
            return "as it chooses"
        words = f"{self.threads} thread" + ("s" if self.threads > 1 else "")
        return words + (f", {self.wait_policy}" if self.wait_policy else "")

    def command(self, module: str) -> list[str]:
        """What runs a module of this package in the side's Python."""
        python = [str(WITH_CAFFE), "python3"] if self.engine == CAFFE else [sys.executable]
        return [*python, "-m", module]

    def environment(self, folder: Path) -> dict[str, str]:
        """The side's variables; Caffe's log goes to `folder` or nowhere."""
        variables = {name: value for name, value in os.environ.items() if not name.startswith(_PREFIXES)}
        variables.update(PYTHONPATH=os.pathsep.join([str(ROOT / "scripts"), str(ROOT)]), GLOG_minloglevel="2",
                         GLOG_log_dir=str(folder))
        if self.threads is not None and self.engine != ENGINE:      # this engine sets them itself, by --threads
            for library in ("OMP", "OPENBLAS", "MKL"):
                variables[f"{library}_NUM_THREADS"] = str(self.threads)
        if self.wait_policy:
            variables["OMP_WAIT_POLICY"] = self.wait_policy
        return variables


def training_sides() -> list[Side]:
    """One and two threads each. Plain PyTorch has two as it comes, and two that wait actively, as this engine's do."""
    sides = [Side(CAFFE, 1), Side(CAFFE, 2), Side(EAGER, 1), Side(EAGER, 2), Side(EAGER, 2, "active")]
    return _present(sides + _engine_sides())


def encoding_sides() -> list[Side]:
    """Real Caffe with one and two threads, and this engine with as many and as it chooses."""
    return _present([Side(CAFFE, 1), Side(CAFFE, 2)] + _engine_sides())


def _engine_sides() -> list[Side]:
    return [Side(ENGINE, None), Side(ENGINE, 1), Side(ENGINE, 2)]


def _present(sides: list[Side]) -> list[Side]:
    """Without real Caffe if it is not there, and without two threads on a single core."""
    cores = len(os.sched_getaffinity(0))
    return [side for side in sides if (side.threads or 1) <= cores and (side.engine != CAFFE or has_caffe())]


def has_caffe() -> bool:
    """Whether real Caffe is in .caffe/."""
    return os.access(str(WITH_CAFFE), os.X_OK)
