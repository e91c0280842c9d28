"""Solving to the end, or until a signal asks for a stop, on either engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Callable, TextIO, cast

from .. import progress
from ..backend_protocol import EmbeddedBackend, EmbeddedSolver, Solver
from .signals import TakeRequest


class _StopError(Exception):
    """Raised in a callback to end solving early."""


def solve(solver: Solver, param: Any, take_request: TakeRequest, say: Callable[[str], None]) -> bool:
    """Solve `param`, the SolverParameter of `solver`; returns whether it came to its end.

    Before each iteration `take_request` tells of a snapshot or a stop that is asked for. A stop ends the run with a
    snapshot, if the solver takes one after training.
    """
    with progress.bar(param.max_iter, "training", initial=solver.iter) as bar:
        if hasattr(solver, "set_action_function"):
            return _solve_by_actions(cast(EmbeddedSolver, solver), take_request, lambda: bar.update(1))
        finished = _solve_by_callbacks(solver, param, take_request, lambda: bar.update(1))
        if not finished:
            say("Optimization stopped early.")
        return finished


def _solve_by_actions(solver: EmbeddedSolver, take_request: TakeRequest, after_iteration: Callable[[], object]) -> bool:
    stopped = False

    def next_request() -> str | None:
        nonlocal stopped
        request = take_request()
        stopped = stopped or request == "stop"
        return request

    solver.set_action_function(next_request)
    solver.add_callback(lambda: None, after_iteration)
    solver.solve()
    return not stopped


def _solve_by_callbacks(solver: Solver, param: Any, take_request: TakeRequest,
                        after_iteration: Callable[[], object]) -> bool:
    """Solve with real pycaffe, which has no other way to end a run early than an exception."""
    solver.add_callback(lambda: _heed(take_request(), [solver]), after_iteration)
    try:
        solver.solve()
    except _StopError:
        _save_last([solver], param)
        return False
    return True


def solve_together(backend: EmbeddedBackend, solvers: Sequence[Solver], param: Any, logs: Sequence[TextIO],
                   take_request: TakeRequest) -> bool:
    """Solve the `solvers`, made of `param` but for their seeds, as one computation; otherwise as `solve`."""
    with progress.bar(param.max_iter, f"training {len(solvers)} runs") as bar:
        def after_iteration() -> None:
            bar.update(1)
            _heed(take_request(), solvers)
        try:
            backend.solve_together(solvers, logs, after_iteration)
        except _StopError:
            _save_last(solvers, param)
            return False
        return True


def _heed(request: str | None, solvers: Sequence[Solver]) -> None:
    """Write the snapshots that are asked for. Raises _StopError if a stop is."""
    if request == "snapshot":
        for solver in solvers:
            solver.snapshot()
    elif request == "stop":
        raise _StopError


def _save_last(solvers: Sequence[Solver], param: Any) -> None:
    """The snapshots that a solver takes after training."""
    for solver in solvers:
        if param.snapshot_after_train and not _just_saved(solver, param):
            solver.snapshot()


def _just_saved(solver: Solver, param: Any) -> bool:
    return bool(param.snapshot) and solver.iter % param.snapshot == 0
