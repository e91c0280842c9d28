"""Beyond pycaffe's surface: several runs of one net trained together, as one batched computation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Callable, TextIO

from ..engine.solvers.together import Together
from .solver import Solver


def solve_together(solvers: Sequence[Solver], logs: Sequence[TextIO] | None = None,
                   after_iteration: Callable[[], None] = lambda: None) -> None:
    """Train `solvers`, made from one prototxt but for random_seed and snapshot_prefix, to their max_iter.

    Each does what its own `solve` would, from the same initial weights and with the same gradients but for rounding;
    `logs` are text files for each run's log lines (standard error unless given). It pays on a GPU, which one small net
    leaves mostly idle; on a CPU, separate processes are faster. Raises InputError if the runs cannot be trained so.
    """
    Together([solver._engine for solver in solvers], logs, after_iteration).solve()
