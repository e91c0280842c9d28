"""The files of a snapshot: which belong together, whether they are whole, and which snapshot is the newest.

A snapshot of the embedded engine is three files, put in their places in this order: PREFIX_iter_N.caffemodel,
.dataposition and .solverstate (with .h5 behind the first and last in HDF5). The .dataposition carries the SHA-256 of
the other two, so that a mixture of two runs is known for one. Real Caffe writes no .dataposition, and version 0.1.0
wrote it without digests; their snapshots are taken as they are.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections import Counter
from typing import Callable

from . import hdf5, schema
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
    """Raises InputError if there is no file `model`, which the .solverstate `state` goes on from, or the two do not
    belong together: one was written with the .dataposition beside them, the other was not.

    Where neither was, it is of an older snapshot that real Caffe has replaced; these two belong together.
    """
    if not os.path.exists(model):
        raise InputError(f"{state} goes on from the weights in {model}, which do not exist; paths are relative to the "
                         f"working directory, {os.getcwd()}.")
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


def model_of(state: str) -> str:
    """The weights that a .solverstate or .solverstate.h5 goes on from; InputError if it is none."""
    model = (_learned_net_in_hdf5(state) if state.endswith(".h5") else
             schema.read_binary(state, schema.SolverState).learned_net)
    if not model:
        raise InputError(f"{state}: it names no weights, so it is empty or damaged.")
    return model


def _learned_net_in_hdf5(state: str) -> str:
    with hdf5.reading.opened(state) as file:
        return file.dataset("learned_net").text()


def newest_whole(prefix: str | os.PathLike, say: Callable[[str], object],
                 wanted: Callable[[int], bool] = lambda iteration: True) -> str | None:
    """The .solverstate of the highest iteration among the whole snapshots of a `snapshot_prefix`; None without any.

    Only iterations that are `wanted` count. `say` is told of each that is passed over, and why.
    """
    for iteration, state in _states(prefix):
        if wanted(iteration):
            reason = problem(state)
            if reason is None:
                return state
            say(f"The snapshot {state} is passed over: {reason}")
    return None


def problem(state: str) -> str | None:
    """Why the snapshot of this .solverstate is not whole, in a sentence; None if it is."""
    try:
        model = model_of(state)
        check(state, model)
        if not _digests_in(position_of(state)):
            _read_model(model)
    except InputError as error:
        return str(error)
    except OSError as error:
        return f"{error.filename}: {error.strerror}."
    return None


class Keeper:
    """Removes all but the `count` newest whole snapshots of a `snapshot_prefix`, of those that a run has passed."""

    def __init__(self, prefix: str, count: int):
        self._prefix, self._count = prefix, count
        self._whole: set[str] = set()       # known to be, so that each is read once at most

    def written(self, state: str, iteration: int) -> None:
        """A whole snapshot has been written; those of later iterations, of a longer run, stay."""
        self._whole.add(state)
        kept = 0
        for number, other in _states(self._prefix):
            if number > iteration:
                continue
            if kept == self._count:
                _remove(other)
            elif other in self._whole or problem(other) is None:
                self._whole.add(other)
                kept += 1


def _states(prefix: str | os.PathLike) -> list[tuple[int, str]]:
    """Iteration and path of each .solverstate of a prefix, the newest first.

    Of two formats of one iteration the one comes first that the .dataposition, which they share, was written with.
    """
    folder, name = os.path.split(os.fspath(prefix))
    pattern = re.compile(re.escape(name) + r"_iter_(\d+)\.solverstate(\.h5)?")
    try:
        names = os.listdir(folder or ".")
    except OSError:
        return []
    found = [(int(match[1]), os.path.join(folder, match[0])) for match in map(pattern.fullmatch, names) if match]
    count = Counter(iteration for iteration, _ in found)
    return sorted(found, reverse=True, key=lambda one: (one[0], count[one[0]] > 1 and _owns_position(one[1]), one[1]))


def _owns_position(state: str) -> bool:
    try:
        return is_of(position_of(state), state)
    except OSError:         # it cannot be read, or is gone
        return False


def _remove(state: str) -> None:
    """Remove a snapshot, the state first, so that no half one counts as whole."""
    position, ending = position_of(state), ".h5" if state.endswith(".h5") else ""
    stem = position.removesuffix(".dataposition")
    others = stem + (".solverstate" if ending else ".solverstate.h5")       # in the other format
    for path in (state, *([] if os.path.exists(others) else [position]), f"{stem}.caffemodel{ending}"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


def _read_model(model: str) -> None:
    """Raises InputError unless the whole of the weights can be read."""
    if model.endswith(".h5"):
        with hdf5.reading.opened(model) as file:
            for dataset in file.group("data").all_datasets():
                dataset.numbers()
    else:
        schema.read_blobs(model)


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
        with hdf5.reading.opened(position) as file:
            found = {name: file.text_attribute(name) for name in (_MODEL, _STATE)}
            return found if all(found.values()) else {}
    except InputError:
        return {}
