"""Snapshots: the .caffemodel with the weights and the .solverstate to go on from, as Caffe writes and reads them."""

from __future__ import annotations

import os

import numpy as np
import torch

from ... import schema
from ...errors import InputError, RunError
from .. import blob_proto, log
from ..blob import shape_string


def check_prefix(param, name: str) -> None:
    """Raises InputError if a solver asks for snapshots and its prefix is missing or cannot be written."""
    if not param.snapshot:
        return
    if not param.has("snapshot_prefix"):
        raise InputError(f"{name}: the solver gives `snapshot` but no `snapshot_prefix`; say where to, as in "
                         "`snapshot_prefix: \"prototxt/cae1-n2/cae1-n2\"`.")
    folder = os.path.dirname(param.snapshot_prefix) or "."
    if not os.path.isdir(folder) or not os.access(folder, os.W_OK):
        raise InputError(f"{name}: snapshots cannot be written to `snapshot_prefix` {param.snapshot_prefix}; the folder "
                         f"{folder} must exist and be writable.")


def write(solver) -> str:
    """Write both files of a solver; returns the path of the .caffemodel. Raises RunError if the disk refuses."""
    stem = f"{solver.param.snapshot_prefix}_iter_{solver.iter}"
    model, state = f"{stem}.caffemodel", f"{stem}.solverstate"
    try:
        log.info("solver.cpp:464", f"Snapshotting to binary proto file {model}")
        schema.write_binary(solver.net.to_message(solver.param.snapshot_diff), model)
        log.info("sgd_solver.cpp:284", f"Snapshotting solver state to binary proto file {state}")
        schema.write_binary(_state_message(solver, model), state)
    except OSError as error:
        raise RunError(f"The snapshot {stem} cannot be written: {error.strerror or error}. Free the disk or change "
                       "`snapshot_prefix`.") from error
    return model


def _state_message(solver, model: str):
    message = schema.SolverState(iter=solver.iter, learned_net=model, current_step=solver.current_step)
    for tensor in solver.rule.history:
        blob = message.history.add()
        blob.shape.dim.extend(tensor.shape)
        blob.data.extend(tensor.cpu().contiguous().view(-1).numpy())
    return message


def restore(solver, path: str) -> None:
    """Take over iteration, step, history and, from the .caffemodel it names, the weights of a .solverstate.

    Raises InputError if a file is missing or does not fit the solver's net.
    """
    state = schema.read_binary(path, schema.SolverState)
    solver.iter = state.iter
    if state.HasField("learned_net"):
        solver.net.copy_trained_layers_from(_learned_net(state.learned_net, path))
    solver.current_step = state.current_step
    history = solver.rule.history
    if len(state.history) != len(history):
        raise InputError(f"{path} holds {len(state.history)} history blobs, and this solver, of type "
                         f"{solver.param.type}, keeps {len(history)}; resume with the solver that wrote it.")
    log.info("sgd_solver.cpp:336", "SGDSolver: restoring history")
    for i, (message, tensor) in enumerate(zip(state.history, history)):
        if not blob_proto.fits(message, tuple(tensor.shape)):
            raise InputError(f"{path}: history blob {i} has shape {shape_string(blob_proto.shape_of(message))}, and "
                             f"the net's parameter {shape_string(tuple(tensor.shape))}; resume with the net that it "
                             "was written for.")
        tensor.copy_(torch.from_numpy(np.asarray(blob_proto.values(message))).view(tensor.shape))


def _learned_net(model: str, path: str) -> str:
    if not os.path.exists(model):
        raise InputError(f"{path} goes on from the weights in {model}, which do not exist; paths are relative to the "
                         f"working directory, {os.getcwd()}.")
    return model
