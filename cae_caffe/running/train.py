"""Training through pycaffe's surface, as the tool `caffe train` does it (tools/caffe.cpp)."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from typing import Any, Callable, cast

from .. import locks, progress, python_layers, schema, snapshots
from ..backend_protocol import Backend, EmbeddedSolver, Solver
from ..errors import InputError
from .first_weights import warn_of_weights
from .signals import EFFECTS, TakeRequest, check_effects, requests
from .state_check import check_sources, warn_of_state

__all__ = ["DATA_POSITIONS", "EFFECTS", "ON_NAN", "NetFiles", "Options", "keep_snapshots", "make_solver",
           "solver_parameter", "train", "use_device", "watch_for_nan"]

DATA_POSITIONS = ("recorded", "caffe")
ON_NAN = ("warn", "stop", "go")
AUTO = "auto"


@dataclass
class Options:
    """What `caffe train` takes on its command line, under its names and with its defaults.

    These are this tool's own: `snapshot` may be AUTO, for the newest whole one of the solver's snapshot_prefix, if any
    is there; `sigterm_effect` is SIGTERM's; `keep` removes all but so many of the newest snapshots (0 removes none);
    `data_position` says whether a resumed run goes on in its data where the snapshot was made (if that is recorded
    beside it, as the embedded engine does), or starts at the first row as Caffe does; `on_nan` is what follows the
    first NaN or infinity, one of ON_NAN, warn unless given (real Caffe looks for none).
    """

    solver: str
    weights: str = ""
    snapshot: str = ""
    gpu: str = ""
    level: int = 0
    stage: str = ""
    sigint_effect: str = "stop"
    sighup_effect: str = "snapshot"
    sigterm_effect: str = "stop"
    data_position: str = "recorded"
    keep: int = 0
    on_nan: str = ""


class _StopError(Exception):
    """Raised in a callback to end `solve` early."""


class NetFiles:
    """Reads each net's file once, for checks and for solvers: from a path to a message of one's own and its lines."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Any, list[int | None]]] = {}

    def __call__(self, path: str) -> tuple[Any, list[int | None]]:
        if path not in self._known:
            self._known[path] = schema.read_net_with_lines(path)
        net, lines = self._known[path]
        own = schema.NetParameter()
        own.CopyFrom(net)
        return own, list(lines)


def train(backend: Backend, options: Options) -> bool:
    """Train with `backend`; returns whether the run went to its end.

    Raises InputError for wrong options and files, RunError if another run writes snapshots of the same prefix. A signal
    whose effect is `stop` ends the run with a snapshot, if the solver takes one after training; sent twice, it ends the
    run at once.
    """
    net_files = NetFiles()
    param = solver_parameter(options, net_files)
    use_device(backend, _gpu(param, options.gpu))
    with locks.of_snapshots(param.snapshot_prefix):
        state = _state_to_resume(param, options, backend.log)
        solver = make_solver(backend, param, options.solver, net_files)
        watch_for_nan(solver, options.on_nan)
        keep_snapshots(solver, options.keep)
        warn_of_weights(solver, param)
        if state:
            _resume(solver, state, options.data_position, backend.log)
        backend.log("Starting Optimization")
        finished = _solve(solver, param, options, backend.log)
        backend.log("Optimization Done.")        # as Caffe's tool says either way
    return finished


def keep_snapshots(solver: Solver, count: int) -> None:
    """Let each snapshot remove all but the `count` newest (0 removes none).

    Raises InputError if a count is given and the engine does not tell of its snapshots.
    """
    if not count:
        return
    if not hasattr(solver, "keep_snapshots"):
        raise InputError(f"--keep {count} is for the embedded engine alone (--backend torch).")
    solver.keep_snapshots(count)


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


def solver_parameter(options: Options, net_files: NetFiles) -> Any:
    """The solver's SolverParameter with what the command line adds to it.

    Raises InputError for options that contradict each other or the train net, and for files that are not there.
    """
    if options.weights and options.snapshot not in ("", AUTO):
        raise InputError("Both -weights and -snapshot are given; give -snapshot to resume a run, or -weights to "
                         "fine-tune, but not both.")
    check_effects(options.sigint_effect, options.sighup_effect, options.sigterm_effect)
    param = schema.read_solver(options.solver)
    param.train_state.level = options.level
    param.train_state.stage.extend(options.stage.split(","))
    if options.snapshot not in ("", AUTO) or options.weights:
        del param.weights[:]
    if options.weights:
        param.weights.append(options.weights)
    for path in (options.snapshot if options.snapshot != AUTO else "", *options.weights.split(",")):
        if path and not os.path.exists(path.strip()):
            raise InputError(f"{path.strip()}: there is no such file (relative paths start at {os.getcwd()}).")
    _check_state(param, options, net_files)
    return param


def _check_state(param: Any, options: Options, net_files: NetFiles) -> None:
    """Warn of stages that the train net does not know; raises InputError if it lacks sources in its state."""
    net, name = _train_net(param, options.solver, net_files)
    warn_of_state(net, name, options.level, options.stage.split(","))
    state = schema.NetState(phase=schema.TRAIN)
    state.MergeFrom(param.train_state)
    check_sources(net, name, state)


def _train_net(param: Any, solver: str, net_files: NetFiles) -> tuple[Any, str]:
    """The definition of the train net, as far as `solver` gives one, and the name of its file."""
    for field in ("net", "train_net"):
        if param.HasField(field):
            path = getattr(param, field)
            return net_files(path)[0], path
    return param.net_param if param.HasField("net_param") else param.train_net_param, solver


def _gpu(param: Any, flag: str) -> str:
    """The GPU to use: the flag's, else the solver's own if it says `solver_mode: GPU` itself; empty for the CPU."""
    if flag or not param.HasField("solver_mode") or param.solver_mode != param.GPU:
        return flag
    return str(param.device_id)


def use_device(backend: Backend, gpu: str) -> None:
    """Set the mode for a `-gpu` flag: empty for the CPU, else the number of one GPU.

    Raises InputError for several GPUs, which this tool does not train on, and for what is no number.
    """
    if not gpu:
        backend.log("Use CPU.")
        backend.set_mode_cpu()
        return
    if not gpu.isdecimal():
        raise InputError(f"-gpu {gpu} is not the number of one GPU, such as 0; several at once are not supported. "
                         "Train other seeds on the other GPUs instead.")
    backend.log(f"Use GPU with device ID {gpu}")
    backend.set_device(int(gpu))
    backend.set_mode_gpu()


def make_solver(backend: Backend, param: Any, name: str, net_files: NetFiles) -> Solver:
    """The solver of `param`, a SolverParameter read from the file `name`.

    The embedded engine takes the message, and the nets as `net_files` has read them. Real pycaffe makes solvers of
    files alone, so it gets a temporary one.
    """
    if hasattr(backend, "solver_from_message"):
        return backend.solver_from_message(param, name, net_files)
    for path in filter(None, [param.net, param.train_net, *param.test_net]):
        net, lines = net_files(path)
        python_layers.check(net.layer, path, lines)
    for net in (param.net_param, param.train_net_param, *param.test_net_param):
        python_layers.check(net.layer, name, [None] * len(net.layer))
    with tempfile.TemporaryDirectory(prefix="cae-caffe-") as folder:
        path = os.path.join(folder, "solver.prototxt")
        schema.write_text(param, path)
        return backend.get_solver(path)


def watch_for_nan(solver: Solver, effect: str) -> None:
    """Let `solver` look for NaN and infinity; `effect` is one of ON_NAN, or empty for the default.

    Raises InputError if an effect is given and the engine cannot look.
    """
    if hasattr(solver, "watch_for_nan"):
        solver.watch_for_nan(effect or ON_NAN[0])
    elif effect:
        raise InputError(f"--on-nan {effect}: only the embedded engine looks for NaN (--backend torch); leave it out "
                         "with real Caffe, and look at the loss in its log.")


def _solve(solver: Solver, param: Any, options: Options, say: Callable[[str], None]) -> bool:
    asked = requests(options.sigint_effect, options.sighup_effect, options.sigterm_effect)
    with asked as take_request, progress.bar(param.max_iter, "training", initial=solver.iter) as bar:
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
