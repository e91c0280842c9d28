"""Whether a virtual dataset takes its values, over others, from itself: HDF5 follows it until the stack is full."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import h5py

from .chunks import Chunks
from .heaps import check_heaps


def check_virtual(dataset: h5py.Dataset, on_the_way: frozenset = frozenset()) -> None:
    """Raises ValueError if `dataset` takes from itself, or from damaged pieces or files (`Chunks`, `check_heaps`)."""
    if not dataset.is_virtual:
        Chunks(dataset).check(())
        return
    place = (os.path.realpath(dataset.file.filename), dataset.name)
    if place in on_the_way:
        raise ValueError("it is a virtual dataset that takes its values from itself")
    for source in dataset.virtual_sources():
        with _source(dataset, source.file_name, source.dset_name) as found:
            if found is not None:
                check_virtual(found, on_the_way | {place})


@contextlib.contextmanager
def _source(dataset: h5py.Dataset, file_name: str, name: str) -> Iterator[h5py.Dataset | None]:
    """The open dataset `name` of the file that `dataset` calls `file_name`; None if it is missing, as HDF5 takes it."""
    if file_name == ".":
        found = dataset.file.get(name)
        yield found if isinstance(found, h5py.Dataset) else None
        return
    beside = os.path.join(os.path.dirname(dataset.file.filename), file_name)
    path = next((path for path in (beside, file_name) if os.path.isfile(path)), None)
    if path is None:
        yield None
        return
    check_heaps(path)
    with h5py.File(path, "r") as file:
        found = file.get(name)
        yield found if isinstance(found, h5py.Dataset) else None
