"""A solver's state in files: .solverstate in Caffe's binary format, .solverstate.h5 in HDF5 (SGDSolver's snapshots)."""

from __future__ import annotations

from dataclasses import dataclass

import h5py
import numpy as np

from ... import schema
from ...errors import InputError
from ...hdf5 import reading, writing
from .. import blob_proto
from .plateau import Plateau


@dataclass
class State:
    """What it takes to go on, besides the weights in the file `learned_net`; `history` holds float32 arrays, and
    `plateau` is what that learning rate policy alone keeps.
    """

    iteration: int
    learned_net: str | None
    current_step: int
    history: list[np.ndarray]
    plateau: Plateau | None = None


def to_binary(state: State, path: str) -> bytes:
    """The .solverstate for the file `path`; InputError if it passes the 2 GB that Caffe can read."""
    message = schema.SolverState(iter=state.iteration, learned_net=state.learned_net, current_step=state.current_step)
    if state.plateau:
        message.minimum_loss, message.iter_last_event = state.plateau.minimum_loss, state.plateau.last_event
    for array in state.history:
        blob = message.history.add()
        blob_proto.write_shape(array.shape, blob)
        blob.data.extend(array.reshape(-1))
    return schema.to_binary(message, path)


def read_binary(path: str) -> State:
    """Raises InputError if there is no such file, or it is no whole SolverState."""
    message = schema.read_binary(path, schema.SolverState)
    if not message.HasField("iter"):
        raise InputError(f"{path}: this .solverstate says no iteration, so it is empty or damaged; resume from another "
                         "snapshot (`-snapshot auto` takes the newest that is whole).")
    history = [_array(blob, f"{path}: history blob {i}") for i, blob in enumerate(message.history)]
    learned_net = message.learned_net if message.HasField("learned_net") else None
    plateau = Plateau(message.minimum_loss, message.iter_last_event) if message.HasField("minimum_loss") else None
    return State(message.iter, learned_net, message.current_step, history, plateau)


def _array(blob, name: str) -> np.ndarray:
    array = blob_proto.array(blob, name=name)
    if array is None:
        raise InputError(f"{name} has shape {blob_proto.shape_of(blob)} and {blob_proto.values(blob).size} values; the "
                         "file is damaged.")
    return array


def to_hdf5(state: State) -> bytes:
    """The .solverstate.h5; `learned_net` is given."""
    def fill(file: h5py.File) -> None:
        file.create_dataset("iter", data=[state.iteration], dtype="<i4")
        _write_string(file, "learned_net", state.learned_net or "")
        file.create_dataset("current_step", data=[state.current_step], dtype="<i4")
        if state.plateau:
            file.create_dataset("iter_last_event", data=[state.plateau.last_event], dtype="<i4")
            file.create_dataset("minimum_loss", data=[state.plateau.minimum_loss], dtype="<f4")
        history = file.create_group("history")
        for i, array in enumerate(state.history):
            history.create_dataset(str(i), data=array, dtype="<f4")
    return writing.content(fill)


def _write_string(file: h5py.File, name: str, text: str) -> None:
    """Write a string of fixed length that ends in a zero byte: Caffe reads up to that, and h5py would leave it out."""
    data = text.encode() + b"\0"
    kind = h5py.h5t.C_S1.copy()
    kind.set_size(len(data))
    kind.set_strpad(h5py.h5t.STR_NULLTERM)
    timeless = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    timeless.set_obj_track_times(False)         # equal states give equal bytes
    dataset = h5py.h5d.create(file.id, name.encode(), kind, h5py.h5s.create(h5py.h5s.SCALAR), timeless)
    dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, np.array(data, dtype=f"S{len(data)}"), kind)


def read_hdf5(path: str) -> State:
    """Raises InputError if there is no such file, or it does not hold a solver's state."""
    with reading.opened(path, "a .solverstate.h5 is needed, which `snapshot_format: HDF5` writes") as file:
        group = file.group("history")
        history = [group.dataset(str(i)).floats() for i in range(len(group.names()))]
        learned_net = file.find("learned_net")
        return State(file.dataset("iter").number(),
                     learned_net.text() if isinstance(learned_net, reading.Dataset) else None,
                     file.dataset("current_step").number(), history, _plateau(file))


def _plateau(file: reading.Group) -> Plateau | None:
    """What `plateau` keeps, if the file has it: those of other policies, and Caffe 1.0's, have not."""
    if file.find("minimum_loss") is None:
        return None
    return Plateau(float(file.dataset("minimum_loss").floats().item()), file.dataset("iter_last_event").number())
