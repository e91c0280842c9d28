"""The files of a snapshot: which belong together, whether they are whole, and which snapshot is the newest.

A snapshot of the embedded engine is three files, put in their places in this order: PREFIX_iter_N.caffemodel,
.dataposition and .solverstate (with .h5 behind the first and last in HDF5). The .dataposition carries the SHA-256 of
the other two, so that a mixture of two runs is known for one. Real Caffe writes no .dataposition, and version 0.1.0
wrote it without digests; their snapshots are taken as they are.
"""

from __future__ import annotations

import hashlib
import os

import h5py

from .errors import InputError

_MODEL, _STATE = "sha256_caffemodel", "sha256_solverstate"      # attributes of the .dataposition
_PIECE = 1 << 20


def position_of(state: str) -> str:
    """The .dataposition of a .solverstate or .solverstate.h5."""
    return state.removesuffix(".h5").removesuffix(".solverstate") + ".dataposition"


def digests(model: bytes, state: bytes) -> dict[str, str]:
    """What the .dataposition of a snapshot with these files carries as its attributes."""
    return {_MODEL: hashlib.sha256(model).hexdigest(), _STATE: hashlib.sha256(state).hexdigest()}


def is_of(position: str, state: str) -> bool:
    """Whether the .dataposition was written with `state`, or does not tell: it has no digests, or cannot be read."""
    known = _digests_in(position)
    return not known or known[_STATE] == _digest(state)


def check(state: str, model: str) -> None:
    """Raises InputError if one of the two was written together with the .dataposition beside them, the other was not.

    Where neither was, it is of an older snapshot that real Caffe has replaced; these two belong together.
    """
    position = position_of(state)
    known = _digests_in(position)
    if not known:
        return
    with_state, with_model = known[_STATE] == _digest(state), known[_MODEL] == _digest(model)
    if with_state != with_model:
        changed = model if with_state else state
        raise InputError(f"{state}: this snapshot is not whole, for {changed} is not the file that was written with "
                         f"{position}; a run of the same `snapshot_prefix` has been killed as it replaced it, or the "
                         "file was changed since. Resume from another snapshot (`-snapshot auto` takes the newest that "
                         f"is whole), or delete {position} to go on from {state} and {model} as they are.")


def _digest(path: str) -> str:
    found = hashlib.sha256()
    with open(path, "rb") as file:
        for piece in iter(lambda: file.read(_PIECE), b""):
            found.update(piece)
    return found.hexdigest()


def _digests_in(position: str) -> dict[str, str]:
    """The attributes that `digests` gave; none if there is no such file, or one without them, or that is damaged."""
    if not os.path.exists(position):
        return {}
    try:
        with h5py.File(position, "r") as file:
            return {name: str(file.attrs[name]) for name in (_MODEL, _STATE)}
    except (OSError, RuntimeError, KeyError, ValueError, TypeError):        # all that h5py raises for damaged files
        return {}
