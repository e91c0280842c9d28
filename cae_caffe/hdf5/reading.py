"""Reading HDF5 files that may be damaged, hostile or something else: each ends in success or in one InputError.

For what is wrong with a file h5py raises nearly every kind of error there is, and HDF5 believes what a file says of its
sizes. So readers go through `opened` and what it yields, a Group; that names the file, the object and the rule.
"""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Union

import h5py
import numpy as np

from ..errors import InputError
from .chunks import Chunks
from .heaps import check_heaps
from .member import WHOLE_NUMBERS, Member, Source, reason, sentence, text
from .virtual import check_virtual

NUMBERS = "fiu"         # numpy's kinds of what Caffe takes for numbers
# A dataset of more bytes than ANY_SIZE is believed if its file has a byte for each EXPANSION of them: deflate, the
# best of HDF5's own filters, makes up to 1032 of one.
ANY_SIZE, EXPANSION = 1 << 26, 1100


def is_hdf5(path: str | os.PathLike) -> bool:
    """Whether the file has HDF5's signature; not so if it cannot be read."""
    with contextlib.suppress(OSError):
        return bool(h5py.is_hdf5(os.fspath(path)))
    return False


@contextlib.contextmanager
def opened(path: str | os.PathLike, remedy: str = "") -> Iterator[Group]:
    """The HDF5 file `path`, open for reading as the Group of all that is in it; `remedy` ends each message.

    Raises InputError if there is no such file, it is a folder, it cannot be read or is not HDF5.
    """
    group = open_file(path, remedy)
    try:
        yield group
    finally:
        group.close()


def open_file(path: str | os.PathLike, remedy: str = "") -> Group:
    """What `opened` yields, to be closed with `close`; InputError as there."""
    if Path(path).is_dir():
        raise InputError(sentence(f"{path}: this is a folder, and an HDF5 file is needed", remedy))
    try:
        check_heaps(path)
        file = h5py.File(os.fspath(path), "r")
    except FileNotFoundError:
        raise InputError(sentence(f"{path}: there is no such file", remedy)) from None
    except Exception as error:      # whatever it is, h5py says it of this file
        raise InputError(sentence(f"{path}: this is not a readable HDF5 file ({reason(error)})", remedy)) from None
    return Group(Source(str(path), remedy), file, "")


class Group(Member):
    """A group of an HDF5 file, or the whole file."""

    def names(self) -> list[str]:
        """What is in it, in HDF5's order."""
        with self.damage(f"what is in {self._called()}"):
            return [name if isinstance(name, str) else name.decode("utf-8", "surrogateescape") for name in self.thing]

    def find(self, name: str) -> Found:
        """The Group or Dataset `name`, which may be a path; None if there is nothing.

        Raises InputError for a link that leads nowhere.
        """
        with self.damage(f"`{self._inside(name)}`"):
            thing = self.thing.get(name)
        if thing is None and name in self.names():
            raise self.error(f"`{self._inside(name)}` is a link that leads nowhere")
        return self._wrapped(thing, name)

    def group(self, name: str) -> Group:
        """The group `name`. Raises InputError if it is missing or something else."""
        found = self.find(name)
        if not isinstance(found, Group):
            raise self.error(f"the file has no group `{self._inside(name)}`")
        return found

    def dataset(self, name: str) -> Dataset:
        """The dataset `name`. Raises InputError if it is missing, something else, or damaged."""
        found = self.find(name)
        if not isinstance(found, Dataset):
            raise self.error(f"the file has no dataset `{self._inside(name)}`")
        return found

    def all_datasets(self) -> list[Dataset]:
        """Those that lie in it and in the groups in it, without those behind links."""
        found: list[tuple[str, Any]] = []
        with self.damage(f"what is in {self._called()}"):
            self.thing.visititems(lambda name, thing: found.append((str(name), thing)))
        wrapped = [self._wrapped(thing, name) for name, thing in found]
        return [thing for thing in wrapped if isinstance(thing, Dataset)]

    def close(self) -> None:
        """Close the file that this Group is the whole of."""
        with self.damage("its end"):
            self.thing.close()

    def _wrapped(self, thing: Any, name: str) -> Found:
        if isinstance(thing, h5py.Group):
            return Group(self.source, thing, self._inside(name))
        if isinstance(thing, h5py.Dataset):
            return Dataset(self.source, thing, self._inside(name))
        return None

    def _inside(self, name: str) -> str:
        return f"{self.name}/{name}" if self.name else name

    def _called(self) -> str:
        return f"group `{self.name}`" if self.name else "the file"


class Dataset(Member):
    """A dataset, with its `shape` and `dtype`; what reads it raises InputError if it is damaged or something else."""

    def __init__(self, source: Source, thing: h5py.Dataset, name: str):
        super().__init__(source, thing, name)
        with self.damage(f"dataset `{name}`"):
            self._is_empty = thing.shape is None        # of no shape, unlike one of no axes or no rows
            self.shape: tuple[int, ...] = () if self._is_empty else tuple(map(int, thing.shape))
            self.dtype: np.dtype = thing.dtype
            self._class = thing.id.get_type().get_class()
        self._chunks: Chunks | None = None

    def is_numbers(self, kinds: str = NUMBERS) -> bool:
        """Whether it holds what Caffe takes for numbers: no text, truth values, enumerations, or records."""
        return (not self._is_empty and self.dtype.kind in kinds
                and self._class in (h5py.h5t.FLOAT, h5py.h5t.INTEGER))

    def numbers(self, kinds: str = NUMBERS, axes: int | None = None) -> np.ndarray:
        """All its values as they are stored; `axes` is the number of axes that it must have."""
        self.require_numbers(kinds)
        if axes is not None and len(self.shape) != axes:
            raise self.error(f"dataset `{self.name}` has the shape {self.shape}, and {axes} axes are needed")
        return self.read(())

    def floats(self) -> np.ndarray:
        """All its values as float32; what is too large becomes infinite, as HDF5 converts it for Caffe."""
        with np.errstate(over="ignore"):
            return self.numbers().astype(np.float32)

    def number(self) -> int:
        """Its only value, a whole number from -2**31 to 2**31 - 1."""
        values = self.numbers(WHOLE_NUMBERS)
        if values.size != 1 or not -(2**31) <= int(values.reshape(-1)[0]) < 2**31:
            raise self.error(f"dataset `{self.name}` is not one whole number of 32 bits")
        return int(values.reshape(-1)[0])

    def text(self) -> str:
        """Its only value, a string; it ends at its first zero byte, as Caffe reads it."""
        if self._is_empty or self.shape not in ((), (1,)) or self._class != h5py.h5t.STRING:
            raise self.error(f"dataset `{self.name}` is no text")
        value = self.read(())
        while isinstance(value, np.ndarray):
            value = value.reshape(-1)[0]
        with self.damage(f"dataset `{self.name}`"):
            return text(bytes(value) if isinstance(value, bytes) else value.encode("utf-8")).split("\0")[0]

    def require_numbers(self, kinds: str = NUMBERS) -> None:
        """Raises InputError if it holds something else."""
        if not self.is_numbers(kinds):
            what = "whole numbers" if kinds == WHOLE_NUMBERS else "numbers"
            shape = "nothing" if self._is_empty else f"shape {self.shape}"
            raise self.error(f"dataset `{self.name}` is of {shape} and type {self.dtype}, and {what} are needed")

    def read(self, rows: Any, into: np.ndarray | None = None) -> np.ndarray:
        """The values that `rows`, an index, chooses, as stored; or read them `into` an array, converted by HDF5."""
        self.check_size()
        with self.damage(f"dataset `{self.name}`"):
            self.require_plain(self.thing.id.get_type())
            if self._chunks is None:
                if self.thing.is_virtual:
                    check_virtual(self.thing)
                self._chunks = Chunks(self.thing)
            self._chunks.check(rows)
            if into is None:
                return self.thing[rows]
            self.thing.read_direct(into, rows)
            return into

    def memory(self, shape: tuple[int, ...]) -> np.ndarray:
        """An empty float32 array for rows of it. Raises InputError if its size is not true, or there is no memory."""
        self.check_size()
        with self.damage(f"dataset `{self.name}`"):
            return np.empty(shape, np.float32)

    def file_state(self) -> tuple[int, ...] | None:
        """What changes when the file that it lies in, behind a link another than `path`, is written to or replaced.

        None if its values lie in further files.
        """
        with self.damage(f"dataset `{self.name}`"):
            if self.thing.is_virtual or self.thing.external:
                return None
            found = os.fstat(self.thing.file.id.get_vfd_handle())
            return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns

    def check_size(self) -> None:
        """Raises InputError if it is larger than what its file could hold, packed or not."""
        with self.damage(f"dataset `{self.name}`"):
            size = math.prod(self.shape) * self.dtype.itemsize
            if size <= ANY_SIZE or self.thing.is_virtual or self.thing.external:
                return
            held = self.thing.file.id.get_filesize()
        if size > EXPANSION * held:
            raise self.error(f"dataset `{self.name}` is said to have {size} bytes, which no file of {held} bytes can "
                             "hold, so it is damaged, or was never filled")


Found = Union[Group, Dataset, None]
