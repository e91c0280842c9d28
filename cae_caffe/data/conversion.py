"""From rows to the files that Caffe's HDF5Data layer reads: NAME.h5, or NAME_000.h5 and so on, listed in NAME.txt."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Callable, NamedTuple

import numpy as np

from ..errors import InputError
from ..files import sync, write_text
from ..hdf5 import reading
from ..progress import bar
from .hdf5_writer import hdf5_writer, write_errors

# A Caffe blob counts its elements in an int (Blob::Reshape in Caffe's blob.cpp), and HDF5Data loads whole files.
MAX_ELEMENTS = 2**31 - 1

# What HDF5 adds to the values themselves: superblock, headers, our attributes. Measured: 6 KB.
_OVERHEAD = 8192
_CHUNK_ELEMENTS = 1 << 20

Rows = dict[str, np.ndarray]


def to_unit(pixels: np.ndarray) -> np.ndarray:
    """uint8 values from 0 to 255 as float32 from 0 to 1: divided by 255, in float32."""
    return np.divide(pixels, np.float32(255), dtype=np.float32)


class Part(NamedTuple):
    """One HDF5 file of a conversion, with the rows `start` to `stop` (not included) of the whole."""

    path: Path
    start: int
    stop: int


class Converted(NamedTuple):
    """What a conversion has made: `list_file` names `files`, which hold `rows` rows of `shapes`; `anew` if just now."""

    list_file: Path
    files: list[Path]
    rows: int
    shapes: dict[str, tuple[int, ...]]
    anew: bool


class Conversion:
    """What is to become of `rows` rows: which files, with which rows, and whether they are already there.

    `out` is the path of the list file without its `.txt`; the list names the files beside it as `out` was typed, for
    Caffe looks them up from the working directory. `shapes` is as in `hdf5_writer`. `source` identifies the content by
    checksums: a file that carries the same one, and the same rows, is kept. `max_file` is the largest size of one
    file in bytes. InputError if `out` or `max_file` will not do.
    """

    def __init__(self, out: str | os.PathLike, rows: int, shapes: Mapping[str, tuple[int, ...]], source: str,
                 max_file: int | None = None):
        self.out = _checked_name(out)
        self.rows = rows
        self.shapes = dict(shapes)
        self.source = source
        self.parts = self._plan(self._rows_per_file(max_file))

    @property
    def list_file(self) -> Path:
        """The list file, which exists only while all that it names is there."""
        return self.out.with_name(self.out.name + ".txt")

    @property
    def _list_text(self) -> str:
        return "".join(f"{part.path.as_posix()}\n" for part in self.parts)

    def _rows_per_file(self, max_file: int | None) -> int:
        elements = [math.prod(shape) for shape in self.shapes.values()]
        rows = MAX_ELEMENTS // max(elements)
        if max_file is not None:
            rows = min(rows, (max_file - _OVERHEAD) // (4 * sum(elements)))
        if rows < 1:
            raise InputError(f"--max-file {max_file} leaves no room for one row of {4 * sum(elements)} bytes and "
                             f"HDF5's own {_OVERHEAD}; give more, or leave it out.")
        return rows

    def _plan(self, per_file: int) -> list[Part]:
        starts = range(0, self.rows, per_file)
        endings = [""] if len(starts) == 1 else [f"_{number:03d}" for number in range(len(starts))]
        return [Part(self.out.with_name(f"{self.out.name}{ending}.h5"), start, min(start + per_file, self.rows))
                for ending, start in zip(endings, starts)]

    def done(self) -> bool:
        """Whether the list and every file are there, with this content."""
        return (self.list_file.is_file() and self.list_file.read_bytes() == self._list_text.encode("utf-8")
                and all(map(self._is_there, self.parts)))

    def _is_there(self, part: Part) -> bool:
        try:
            with reading.opened(part.path) as file:
                shapes = {name: file.dataset(name).shape for name in self.shapes}
                return (file.text_attribute("source") == self.source and file.numbers_attribute("rows") == part[1:]
                        and shapes == {name: (part.stop - part.start,) + tuple(shape)
                                       for name, shape in self.shapes.items()})
        except InputError:
            # Absent, not HDF5, or somebody else's: written anew in either case.
            return False

    def ensure(self, read: Callable[[int, int], Rows]) -> Converted:
        """Write what is missing; `read(start, stop)` gives those rows by dataset. RunError if writing fails."""
        anew = not self.done()
        if anew:
            self._write(read)
        return self.converted(anew)

    def converted(self, anew: bool) -> Converted:
        """The result, once everything is there."""
        return Converted(self.list_file, [part.path for part in self.parts], self.rows, self.shapes, anew)

    def _write(self, read: Callable[[int, int], Rows]) -> None:
        # The list goes first and comes back last, so it never names a mixture of old and new.
        with write_errors(self.list_file):
            if self.list_file.exists():
                self.list_file.unlink()
                sync(self.list_file.parent)
        missing = [part for part in self.parts if not self._is_there(part)]
        kept = self.rows - sum(part.stop - part.start for part in missing)
        with bar(self.rows, self.out.name, "rows", initial=kept) as progress:
            for part in missing:
                self._write_part(part, read, progress.update)
        with write_errors(self.list_file):
            write_text(self.list_file, self._list_text)

    def _write_part(self, part: Part, read: Callable[[int, int], Rows], advance: Callable[[int], object]) -> None:
        attributes = {"source": self.source, "rows": np.array([part.start, part.stop], np.int64)}
        with hdf5_writer(part.path, part.stop - part.start, self.shapes, attributes) as writer:
            for start, stop in self._chunks(part):
                writer.append(**read(start, stop))
                advance(stop - start)

    def _chunks(self, part: Part) -> Iterator[tuple[int, int]]:
        row = sum(math.prod(shape) for shape in self.shapes.values())
        step = max(1, _CHUNK_ELEMENTS // row)
        for start in range(part.start, part.stop, step):
            yield start, min(start + step, part.stop)


def _checked_name(out: str | os.PathLike) -> Path:
    """`out` as a path without a trailing .h5 or .txt, if Caffe can read a list with such names."""
    name = os.fspath(out)
    if len(name.split()) != 1:
        raise InputError(f"--out `{name}` has white space in it, at which Caffe splits the names in a list file; "
                         "choose a name without.")
    path = Path(name)
    if path.is_dir():
        raise InputError(f"--out `{name}` is a folder; add a name for the files, such as `{path / 'train'}`.")
    return path.with_suffix("") if path.suffix in (".h5", ".txt") else path
