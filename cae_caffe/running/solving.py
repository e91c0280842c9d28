"""Solving to the end, or until a signal asks for a stop, on either engine."""

from __future__ import annotations

from typing import Any, Callable, cast

from .. import progress
from ..backend_protocol import EmbeddedSolver, Solver
from .signals import TakeRequest


class _StopError(Exception):
    """Raised in a callback to end `solve` early."""


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
    def on_start() -> None:
        request = take_request()
        if request == "snapshot":
            solver.snapshot()
        elif request == "stop":
            raise _StopError

    solver.add_callback(on_start, after_iteration)
    try:
        solver.solve()
    except _StopError:
        if param.snapshot_after_train and not _just_saved(solver, param):
            solver.snapshot()
        return False
    return True


def _just_saved(solver: Solver, param: Any) -> bool:
    return bool(param.snapshot) and solver.iter % param.snapshot == 0
