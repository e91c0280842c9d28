"""Snapshots: the weights (.caffemodel) and the state to go on from (.solverstate), as Caffe writes and reads them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Callable

import torch

from ... import files, schema, snapshots
from ...errors import InputError, RunError
from .. import log, weights_hdf5
from ..blob import shape_string
from . import data_position
from . import state as state_files
from .plateau import Plateau
from .state import State


def check_prefix(param, name: str) -> None:
    """Raises InputError if a solver asks for snapshots and its prefix is missing or cannot be written."""
    if "\0" in param.snapshot_prefix:
        raise InputError(f"{name}: the `snapshot_prefix` {param.snapshot_prefix} has a zero byte in it, which no "
                         "file's name has; take it out.")
    if not param.snapshot:
        return
    if not param.has("snapshot_prefix"):
        raise InputError(f"{name}: the solver gives `snapshot` but no `snapshot_prefix`; say where to, as in "
                         "`snapshot_prefix: \"prototxt/cae1-n2/cae1-n2\"`.")
    folder = os.path.dirname(param.snapshot_prefix) or "."
    if not os.path.isdir(folder) or not os.access(folder, os.W_OK):
        raise InputError(f"{name}: snapshots cannot be written to `snapshot_prefix` {param.snapshot_prefix}; the "
                         f"folder {folder} must exist and be writable.")


@dataclass(frozen=True)
class Format:
    """How one `snapshot_format` is written; `kind` and `places` (of the net's line and the state's) are for the log."""

    ending: str
    kind: str
    places: tuple[str, str]
    net: Callable[..., bytes]                   # of a net, the file it is for, and whether with its gradients
    state: Callable[[State, str], bytes]        # of a State and the file it is for


FORMATS = {
    "BINARYPROTO": Format("", "binary proto file", ("solver.cpp:464", "sgd_solver.cpp:284"),
                          lambda net, path, with_diff: schema.to_binary(net.to_message(with_diff), path),
                          state_files.to_binary),
    "HDF5": Format(".h5", "HDF5 file", ("solver.cpp:474", "sgd_solver.cpp:296"),
                   lambda net, path, with_diff: weights_hdf5.content(net, with_diff),
                   lambda state, path: state_files.to_hdf5(state)),
}


def write(solver) -> str:
    """Write the three files of a solver's snapshot: weights, where it stands in its data, state; returns the first.

    The state comes last to its place, so where it is new, all are. Raises RunError if the disk refuses.
    """
    form = FORMATS[solver.param.snapshot_format]
    stem = f"{solver.param.snapshot_prefix}_iter_{solver.iter}"
    model, state = f"{stem}.caffemodel{form.ending}", f"{stem}.solverstate{form.ending}"
    try:
        with files.together() as batch:
            log.info(form.places[0], f"Snapshotting to {form.kind} {model}")
            weights = form.net(solver.net, model, solver.param.snapshot_diff)
            batch.write(model, weights)
            log.info(form.places[1], f"Snapshotting solver state to {form.kind} {state}")
            rest = form.state(_state(solver, model), state)
            batch.write(snapshots.position_of(state), data_position.content(solver, snapshots.digests(weights, rest)))
            batch.write(state, rest)
    except OSError as error:
        raise RunError(f"The snapshot {stem} cannot be written: {error.strerror or error}. Free the disk or change "
                       "`snapshot_prefix`.") from error
    if solver.keeper:
        solver.keeper.written(state, solver.iter)
    return model


def _state(solver, model: str) -> State:
    history = [tensor.cpu().contiguous().numpy() for tensor in solver.rule.history]
    return State(solver.iter, model, solver.current_step, history, solver.plateau)


def restore(solver, path: str) -> None:
    """Take over iteration, step, history and, from the file that it names, the weights of a .solverstate or .h5.

    Raises InputError if a file is missing or does not fit the solver's net, or the two are of different snapshots.
    """
    is_hdf5 = path.endswith(".h5")
    state = state_files.read_hdf5(path) if is_hdf5 else state_files.read_binary(path)
    history = solver.rule.history
    if len(state.history) != len(history):
        raise InputError(f"{path} holds {len(state.history)} history blobs, and this solver, of type "
                         f"{solver.param.type}, keeps {len(history)}; resume with the solver that wrote it.")
    for i, (array, tensor) in enumerate(zip(state.history, history)):
        shape = tuple(tensor.shape)
        # The files of 2014 have four axes, the missing ones in front.
        if array.shape not in (shape, (1,) * (4 - len(shape)) + shape):
            raise InputError(f"{path}: history blob {i} has shape {shape_string(array.shape)}, and the net's parameter "
                             f"{shape_string(shape)}; resume with the net that it was written for.")
    if state.learned_net is not None:
        snapshots.check(path, state.learned_net)
        solver.net.copy_trained_layers_from(state.learned_net)
    solver.iter, solver.current_step = state.iteration, state.current_step
    if solver.plateau:
        solver.plateau = state.plateau or Plateau()
    if not is_hdf5:
        log.info("sgd_solver.cpp:336", "SGDSolver: restoring history")
    for array, tensor in zip(state.history, history):
        tensor.copy_(torch.from_numpy(array).view(tensor.shape))
