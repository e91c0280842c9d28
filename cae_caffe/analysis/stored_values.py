"""What a file of Caffe's holds in numbers, layer by layer and with no prototxt: weights, a mean, a solver's state."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from .. import hdf5, schema
from ..errors import InputError
from ..schema import file_kinds, storage
from ..schema.blob_values import whole_values
from ..schema.stored_blobs import type_of
from .stored_weights import numbered

WEIGHTS, MEAN, STATE = "weights", "one blob, such as a mean", "a solver's state"
_REMEDY = "give a .caffemodel, .caffemodel.h5, .binaryproto, .solverstate or .solverstate.h5"


class StoredLayer(NamedTuple):
    """A layer by the name and the type that the file says, "" where it says none.

    `blobs` are read one by one: the number of each and its values, in the precision and shape in which they are stored.
    """

    name: str
    type: str
    blobs: Iterator[tuple[str, np.ndarray]]


class StoredFile(NamedTuple):
    """`kind` is WEIGHTS, MEAN or STATE; what is in the latter two stands in one layer named `mean` or `history`."""

    kind: str
    layers: Iterator[StoredLayer]


@contextlib.contextmanager
def opened(path: str | os.PathLike) -> Iterator[StoredFile]:
    """What is in the file `path`, told by its content.

    Raises InputError, here or where a blob is read, if the file cannot be read, is damaged or is something else.
    """
    if hdf5.reading.is_hdf5(path):
        with hdf5.reading.opened(path) as file:
            yield _in_hdf5(file)
    else:
        yield _in_binary(path)


def _in_hdf5(file: hdf5.reading.Group) -> StoredFile:
    data, history = file.find("data"), file.find("history")
    if isinstance(data, hdf5.reading.Group):
        return StoredFile(WEIGHTS, (StoredLayer(name, "", _datasets(data.group(name))) for name in data.names()))
    if isinstance(history, hdf5.reading.Group):
        return StoredFile(STATE, iter([StoredLayer("history", "", _datasets(history))]))
    raise file.error("this HDF5 file has neither the group `data` of weights nor the group `history` of a solver's "
                     f"state; {_REMEDY}")


def _datasets(group: hdf5.reading.Group) -> Iterator[tuple[str, np.ndarray]]:
    return ((str(number), dataset.numbers()) for number, dataset in sorted(numbered(group).items()))


def _in_binary(path: str | os.PathLike) -> StoredFile:
    if _begins_as_state(path):
        with contextlib.suppress(InputError):
            state = schema.read_binary(path, schema.SolverState)
            if state.HasField("iter") and (state.history or state.HasField("learned_net")):
                return StoredFile(STATE, iter([StoredLayer("history", "", _blobs(
                    state.history, lambda i: f"{path}: history blob {i}"))]))
    try:
        return StoredFile(WEIGHTS, (_layer(path, layer) for layer in schema.read_blobs(path)))
    except InputError as error:
        mean = _mean(path)
        if mean is not None:
            return StoredFile(MEAN, iter([StoredLayer("mean", "", _blobs([mean], lambda _: f"{path}: the blob"))]))
        if _is_text(path):
            seems = file_kinds.appearance(storage.read_bytes(path))
            raise InputError(f"{path}: this is a text, which holds no weights{seems}; {_REMEDY}. "
                             "`cae-caffe summary` tells of a net's prototxt.") from None
        raise error from None


def _layer(path: str | os.PathLike, layer: Any) -> StoredLayer:
    return StoredLayer(layer.name, type_of(layer),
                       _blobs(layer.blobs, lambda i: f"{path}: blob {i} of layer `{layer.name}`"))


def _blobs(messages, named) -> Iterator[tuple[str, np.ndarray]]:
    return ((str(i), whole_values(message, named(i))) for i, message in enumerate(messages))


def _begins_as_state(path: str | os.PathLike) -> bool:
    """Whether the first byte is that of SolverState's `iter`, with which no net begins."""
    if not os.path.isfile(path):        # what is read of a pipe is gone
        return False
    with contextlib.suppress(OSError), open(path, "rb") as file:
        return file.read(1) == b"\x08"
    return False


def _mean(path: str | os.PathLike) -> Any:
    """The BlobProto that the file is, or None."""
    with contextlib.suppress(InputError):
        blob = schema.read_binary(path, schema.BlobProto)
        if blob.data or blob.double_data or blob.HasField("raw_data"):
            return blob
    return None


def _is_text(path: str | os.PathLike) -> bool:
    with contextlib.suppress(OSError, UnicodeDecodeError), open(path, encoding="utf-8") as file:
        content = file.read()
        return bool(content) and all(letter.isprintable() or letter in "\t\n\r\f" for letter in content)
    return False
