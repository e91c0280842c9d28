"""Training through pycaffe's surface, as the tool `caffe train` does it (tools/caffe.cpp)."""

from __future__ import annotations

import os
from typing import Any, Callable

from .. import files, locks, snapshots
from ..backend_protocol import Backend, Solver
from .device import gpu_of, use_device
from .first_weights import warn_of_weights
from .signals import requests
from .solver import NetFiles, keep_snapshots, make_solver, watch_for_nan
from .solving import solve
from .train_options import AUTO, Options, solver_parameter, warn_of_prefix


def train(backend: Backend, options: Options) -> bool:
    """Train with `backend`; returns whether the run went to its end.

    Raises InputError for wrong options and files, RunError if another run writes snapshots of the same prefix. A signal
    whose effect is `stop` ends the run with a snapshot, if the solver takes one after training; sent twice, it ends the
    run at once.
    """
    net_files = NetFiles()
    param = solver_parameter(options, net_files)
    use_device(backend, gpu_of(param, options.gpu))
    warn_of_prefix(param)
    with locks.of_snapshots(param.snapshot_prefix):
        files.remove_leftovers(os.path.dirname(param.snapshot_prefix) or ".")
        state = _state_to_resume(param, options, backend.log)
        solver = make_solver(backend, param, options.solver, net_files)
        watch_for_nan(solver, options.on_nan)
        keep_snapshots(solver, options.keep)
        warn_of_weights(solver, param)
        if state:
            _resume(solver, state, options.data_position, backend.log)
        backend.log("Starting Optimization")
        with requests(options.sigint_effect, options.sighup_effect, options.sigterm_effect) as take_request:
            finished = solve(solver, param, take_request, backend.log)
        backend.log("Optimization Done.")        # as Caffe's tool says either way
    return finished


def _state_to_resume(param: Any, options: Options, say: Callable[[str], None]) -> str:
    """The .solverstate to resume from, if any; weights to start from are taken out of `param` where there is one."""
    if options.snapshot != AUTO:
        return options.snapshot
    state = snapshots.newest_whole(param.snapshot_prefix, say)
    if state is None:
        start = f"the weights {', '.join(param.weights)}" if param.weights else "scratch"
        say(f"There is no whole snapshot of {param.snapshot_prefix} to resume from; the run starts from {start}.")
        return ""
    del param.weights[:]
    return state


def _resume(solver: Solver, state: str, data_position: str, say: Callable[[str], None]) -> None:
    say(f"Resuming from {state}")
    if not hasattr(solver, "restore_data_position"):
        snapshots.check(state, snapshots.model_of(state))       # as the embedded engine does itself
    solver.restore(state)
    if data_position != "caffe" and hasattr(solver, "restore_data_position"):
        solver.restore_data_position(state)
