"""Training through pycaffe's surface, as the tool `caffe train` does it (tools/caffe.cpp)."""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Callable, Optional

from .. import progress, schema
from ..errors import InputError
from .state_check import check_sources, check_stages

EFFECTS = ("stop", "snapshot", "none")
DATA_POSITIONS = ("recorded", "caffe")


@dataclass
class Options:
    """What `caffe train` takes on its command line, under its names and with its defaults.

    `data_position` is this tool's own: whether a resumed run goes on in its data where the snapshot was made (if that
    is recorded beside it, as the embedded engine does), or starts at the first row as Caffe does.
    """

    solver: str
    weights: str = ""
    snapshot: str = ""
    gpu: str = ""
    level: int = 0
    stage: str = ""
    sigint_effect: str = "stop"
    sighup_effect: str = "snapshot"
    data_position: str = "recorded"


TakeRequest = Callable[[], Optional[str]]       # the next signal's effect that has not been acted upon, if any


class _Stop(Exception):
    """Raised in a callback to end `solve` early."""


def train(backend, options: Options) -> bool:
    """Train with `backend`, a module with pycaffe's names; returns whether the run went to its end.

    Raises InputError for wrong options and files. A signal whose effect is `stop` ends the run with a snapshot, if
    the solver takes one after training; sent twice, it ends the run at once.
    """
    param = solver_parameter(options)
    use_device(backend, _gpu(param, options.gpu))
    solver = make_solver(backend, param, options.solver)
    if options.snapshot:
        backend.log(f"Resuming from {options.snapshot}")
        solver.restore(options.snapshot)
        if options.data_position != "caffe" and hasattr(solver, "restore_data_position"):
            solver.restore_data_position(options.snapshot)
    backend.log("Starting Optimization")
    finished = _solve(solver, param, options, backend.log)
    backend.log("Optimization Done.")        # as Caffe's tool says either way
    return finished


def solver_parameter(options: Options):
    """The solver's parameters with what the command line adds to them."""
    if options.weights and options.snapshot:
        raise InputError("Both -weights and -snapshot are given; give -snapshot to resume a run, or -weights to "
                         "fine-tune, but not both.")
    for effect in (options.sigint_effect, options.sighup_effect):
        if effect not in EFFECTS:
            raise InputError(f"A signal's effect is `{effect}`; it must be one of {', '.join(EFFECTS)}.")
    param = schema.read_solver(options.solver)
    param.train_state.level = options.level
    param.train_state.stage.extend(options.stage.split(","))
    if options.snapshot or options.weights:
        del param.weights[:]
    if options.weights:
        param.weights.append(options.weights)
    for path in (options.snapshot, *options.weights.split(",")):
        if path and not os.path.exists(path.strip()):
            raise InputError(f"{path.strip()}: there is no such file (relative paths start at {os.getcwd()}).")
    _check_state(param, options)
    return param


def _check_state(param, options: Options) -> None:
    """Raises InputError if the train net knows none of the stages asked for, or lacks sources without some."""
    net, name = _train_net(param, options.solver)
    check_stages(net, name, [stage for stage in options.stage.split(",") if stage])
    state = schema.NetState(phase=schema.TRAIN)
    state.MergeFrom(param.train_state)
    check_sources(net, name, state)


def _train_net(param, solver: str):
    """The definition of the train net, as far as `solver` gives one, and the name of its file."""
    for field in ("net", "train_net"):
        if param.HasField(field):
            return schema.read_net(getattr(param, field)), getattr(param, field)
    return param.net_param if param.HasField("net_param") else param.train_net_param, solver


def _gpu(param, flag: str) -> str:
    """The GPU to use: the flag's, else the solver's own if it says `solver_mode: GPU` itself; empty for the CPU."""
    if flag or not param.HasField("solver_mode") or param.solver_mode != param.GPU:
        return flag
    return str(param.device_id)


def use_device(backend, gpu: str) -> None:
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


def make_solver(backend, param, name: str):
    """The solver of `param`, made from a temporary prototxt, for files are what pycaffe makes solvers of.

    `name` is the user's own file, which errors speak of.
    """
    with tempfile.TemporaryDirectory(prefix="cae-caffe-") as folder:
        path = os.path.join(folder, "solver.prototxt")
        schema.write_text(param, path)
        try:
            return backend.get_solver(path)
        except InputError as error:
            raise InputError(str(error).replace(path, name)) from None


def _solve(solver, param, options: Options, say: Callable[[str], None]) -> bool:
    with _requests(options) as take_request, progress.bar(param.max_iter, "training", initial=solver.iter) as bar:
        if hasattr(solver, "set_action_function"):
            return _solve_by_actions(solver, take_request, lambda: bar.update(1))
        finished = _solve_by_callbacks(solver, param, take_request, lambda: bar.update(1))
        if not finished:
            say("Optimization stopped early.")
        return finished


def _solve_by_actions(solver, take_request: TakeRequest, after_iteration: Callable[[], None]) -> bool:
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


def _solve_by_callbacks(solver, param, take_request: TakeRequest, after_iteration: Callable[[], None]) -> bool:
    """Solve with real pycaffe, which has no other way to end a run early than an exception."""
    def on_start() -> None:
        request = take_request()
        if request == "snapshot":
            solver.snapshot()
        elif request == "stop":
            raise _Stop

    solver.add_callback(on_start, after_iteration)
    try:
        solver.solve()
    except _Stop:
        if param.snapshot_after_train and not _just_saved(solver, param):
            solver.snapshot()
        return False
    return True


def _just_saved(solver, param) -> bool:
    return bool(param.snapshot) and solver.iter % param.snapshot == 0


@contextlib.contextmanager
def _requests(options: Options) -> Iterator[TakeRequest]:
    """Catch SIGINT and SIGHUP; yields a function that takes what they ask for. A second signal acts at once."""
    pending = []
    effects: tuple[tuple[str, str], ...] = (("SIGINT", options.sigint_effect), ("SIGHUP", options.sighup_effect))
    previous = {}

    def catch(number: int, effect: str) -> None:
        def handler(_, frame) -> None:
            if effect == "stop":
                signal.signal(number, _at_once(number, previous[number]))
            pending.append(effect)
        previous[number] = signal.signal(number, signal.SIG_IGN if effect == "none" else handler)

    for name, effect in effects:
        if hasattr(signal, name):                # Windows has no SIGHUP
            catch(getattr(signal, name), effect)
    try:
        yield lambda: pending.pop(0) if pending else None
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _at_once(number: int, handler):
    """The handler of a second signal: what was there before, but not that it is ignored, as in a shell's background."""
    if handler != signal.SIG_IGN:
        return handler
    return signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
