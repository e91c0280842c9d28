"""Where a run stands in its data and its random numbers, in a file beside each snapshot.

Caffe's .solverstate does not tell: on resuming, Caffe's data layers start again at their first rows, and its random
numbers from the seed, and hidden states of recurrent layers at 0. With this file a run goes on as if it had never
stopped. It is HDF5, and holds whole numbers, and other numbers for the states of layers:

    random/caffe, random/libc           the generators that fillers and Dropout, and HDF5Data's shuffling, draw from
    nets/NET/SOURCE/...                 for net number NET (0 the train net, then the test nets) the place of its data
                                        layer, or of one that keeps a state, number SOURCE

Its attributes are the digests of the other files of the snapshot (`cae_caffe.snapshots`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Callable

import h5py
import numpy as np

from ... import snapshots
from ...errors import InputError
from ...hdf5 import reading, writing
from .. import libc_rand, log, rng
from ..layers.data_source import HIDDEN, DataSource, Place

_STREAMS = ("caffe", "libc")
_REMEDY = "give --data-position caffe to start at the first row, as Caffe does"


def content(solver, digests: Mapping[str, str]) -> bytes:
    """The file of where `solver` stands, with the digests of the other files of its snapshot."""
    def fill(file: h5py.File) -> None:
        file.attrs.update(digests)
        for name, stream in zip(_STREAMS, _streams()):
            file[f"random/{name}"] = stream.place
        for group, layer in _sources(solver):
            for what, values in layer.place().items():
                file[f"{group}/{what}"] = values
    return writing.content(fill)


def restore(solver, state: str) -> bool:
    """Let the data layers and random numbers of `solver` go on from what is recorded beside the file `state`.

    Returns False, changes nothing, and says so in the log if nothing is recorded of this `state`: the snapshot is real
    Caffe's. Raises InputError for a damaged file, and for data that are not those of the run.
    """
    path = snapshots.position_of(state)
    if not Path(path).exists():
        log.warning("data_position.py", f"The position in the data is not known: {path}, which this engine writes with "
                                        "a snapshot and real Caffe does not, is missing. The data start at the first "
                                        "row.")
        return False
    if not snapshots.is_of(path, state):
        log.warning("data_position.py", f"The position in the data is not known: {path} is of another snapshot than "
                                        f"{state}, which has replaced it. The data start at the first row.")
        return False
    log.info("data_position.py", f"Restoring the position in the data from {path}")
    places, streams = _read(path, [group for group, _ in _sources(solver)])
    for group, layer in _sources(solver):
        try:
            layer.go_to(places[group])
        except InputError as error:
            raise InputError(f"{path}: layer `{layer.name}` cannot go on from its position, for {error}; "
                             f"{_REMEDY}.") from None
    for stream, place in zip(_streams(), streams):
        stream.place = place
    return True


def mark(nets) -> Callable[[], None]:
    """Note where the data layers of `nets`, and the random numbers, stand; returns what brings them back there."""
    places = [(layer, layer.place()) for net in nets for layer in net.layers if isinstance(layer, DataSource)]
    streams = [(stream, stream.place) for stream in _streams()]

    def go_back() -> None:
        for layer, place in places:
            layer.go_to(place)
        for stream, place in streams:       # last, for a layer that goes somewhere may draw
            stream.place = place
    return go_back


def _read(path: str, groups: list[str]):
    """The places of the data layers by group, and those of the random numbers."""
    with reading.opened(path, _REMEDY) as file:
        missing = [name for name in ["random", *groups] if not isinstance(file.find(name), reading.Group)]
        if missing:
            raise file.error(f"this is not the position of a run of these nets (it has no group `{missing[0]}`)")
        streams = [_words(file.dataset(f"random/{name}"), stream) for name, stream in zip(_STREAMS, _streams())]
        places = {name: _place(file.group(name)) for name in groups}
    return places, streams


def _place(group: reading.Group) -> Place:
    return {name: group.dataset(name).numbers(reading.NUMBERS if name == HIDDEN else reading.WHOLE_NUMBERS)
            for name in group.names()}


def _words(dataset: reading.Dataset, stream: rng.Stream | libc_rand.LibcRand) -> np.ndarray:
    words = dataset.numbers(reading.WHOLE_NUMBERS, axes=1)
    if not stream.is_place(words):
        raise dataset.error(f"dataset `{dataset.name}` does not say where a generator of random numbers stands")
    return words.astype(np.uint32)


def _streams():
    return rng.stream(), libc_rand.stream()


def _sources(solver):
    """The data layers of the solver's nets, each with its group in the file."""
    for number, net in enumerate([solver.fed_by, *solver.test_nets]):
        sources = [layer for layer in net.layers if isinstance(layer, DataSource)]
        yield from ((f"nets/{number}/{i}", layer) for i, layer in enumerate(sources))
