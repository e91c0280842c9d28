"""Processes that start warm: forks of one that has imported PyTorch and what else runs need, for that takes seconds.

They are multiprocessing's "forkserver", which is one for this whole process and ends with it.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import sys
import threading
from collections.abc import Sequence
from multiprocessing import reduction
from pathlib import Path
from typing import Any

from tqdm import tqdm

# What every run needs, imported in this order; what cannot be imported is left to the run that misses it.
PRELOADED = (f"{__package__}.one_thread", "cae_caffe.pycaffe", "cae_caffe.reproduction.measures.codes",
             "sklearn.linear_model", "sklearn.manifold", "sklearn.metrics", "sklearn.neighbors")
STANDARD_OUTPUT, STANDARD_ERROR = 1, 2


class _Held:
    """A descriptor that goes over to the process and stays open there."""

    def __init__(self, descriptor: Any):
        self._descriptor = descriptor       # a number here; in the process what `reduction.DupFd` has become there

    def __reduce__(self):
        return _Held, (reduction.DupFd(self._descriptor),)

    def take(self) -> int:
        """In the process: the descriptor there."""
        return self._descriptor.detach()


class WarmProcess:
    """A module as `python3 -m` runs it, in a fork, with the methods of subprocess.Popen that are used on such.

    `preloaded` are modules that the process to be forked imports besides PRELOADED; those of the first call count.
    """

    def __init__(self, module: str, words: Sequence[str], log: Path, variables: dict[str, str], held: int,
                 preloaded: Sequence[str] = ()):
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([*PRELOADED, *preloaded])
        self._process = context.Process(target=_work, args=(module, list(words), str(log), variables, _Held(held)))
        self._process.start()

    @property
    def returncode(self) -> int | None:
        """The exit status, negative for a signal, or None while it works."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """The same."""
        return self.returncode

    def terminate(self) -> None:
        """Send SIGTERM."""
        self._process.terminate()

    def wait(self) -> int | None:
        """Wait for the end; returns the exit status."""
        self._process.join()
        return self.returncode


def there() -> bool:
    """Whether this system can fork."""
    return "forkserver" in multiprocessing.get_all_start_methods()


def _work(module: str, words: Sequence[str], log: str, variables: dict[str, str], held: _Held) -> None:
    """In the fork: what Python does for `-m`, with both outputs at the end of the file `log`."""
    held.take()
    with open(log, "ab", buffering=0) as file:
        os.dup2(file.fileno(), STANDARD_OUTPUT)
        os.dup2(file.fileno(), STANDARD_ERROR)
    os.environ.update(variables)
    # tqdm's own lock is shared between processes; one that is ended leaves it behind, which would be warned of.
    tqdm.set_lock(threading.RLock())
    sys.argv = [module, *words]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
