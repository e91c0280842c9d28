"""What `caffe train` takes on its command line, and the solver's message that comes of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from .. import glog, schema
from ..errors import InputError
from .signals import check_effects
from .solver import NetFiles
from .state_check import check_sources, warn_of_state

DATA_POSITIONS = ("recorded", "caffe")
AUTO = "auto"


@dataclass
class Options:
    """What `caffe train` takes on its command line, under its names and with its defaults.

    These are this tool's own: `snapshot` may be AUTO, for the newest whole one of the solver's snapshot_prefix, if any
    is there; `sigterm_effect` is SIGTERM's; `keep` removes all but so many of the newest snapshots (0 removes none);
    `data_position` says whether a resumed run goes on in its data where the snapshot was made (if that is recorded
    beside it, as the embedded engine does), or starts at the first row as Caffe does; `on_nan` is what follows the
    first NaN or infinity, one of `solver.ON_NAN`, warn unless given (real Caffe looks for none).
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


def warn_of_prefix(param: Any) -> None:
    """Warn if only the end of the training would find that its snapshot cannot be written, as in Caffe.

    A solver with snapshots on the way is refused at once, by either engine.
    """
    folder = os.path.dirname(param.snapshot_prefix) or "."
    if param.snapshot_after_train and os.path.isdir(folder) and not os.access(folder, os.W_OK):
        glog.warning("solver.cpp:446", f"The folder {folder} of `snapshot_prefix` cannot be written, so the snapshot "
                                       "at the end of the training will fail; give another, or make it writable.")
