"""Pythons to start processes with, and how such a process ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from ..errors import CaeCaffeError

# What counts threads in PyTorch, scikit-learn and the BLAS of both engines.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Python:
    """How to start a Python: the words of the command, and all its variables."""

    words: Sequence[str]
    variables: dict[str, str]


@dataclass(frozen=True)
class Program:
    """A command line of this package, for who starts processes of it: its name as one types it, the module that
    `python3 -m` runs for it, and the modules worth importing once where its processes are forked.
    """

    name: str
    module: str
    imports: tuple[str, ...] = ()

    def command(self, *words: object) -> list[str]:
        """The command that runs it in this Python."""
        return [sys.executable, "-m", self.module, *map(str, words)]


def this_python() -> Python:
    """This process's Python, which finds this package in its processes too."""
    package_folder = str(Path(__file__).resolve().parents[2])
    path = filter(None, [package_folder, os.environ.get("PYTHONPATH")])
    return Python([sys.executable], {**os.environ, "PYTHONPATH": os.pathsep.join(path)})


def status_of(work: Callable[[], object]) -> int:
    """Do a process's work: an error of the user's becomes one line on standard error, and its status this one's."""
    try:
        work()
    except CaeCaffeError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    return 0
