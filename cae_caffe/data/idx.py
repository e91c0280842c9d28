"""Reading IDX, the file format of MNIST: two zero bytes, a type code, the number of dimensions, sizes, values."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import math
import os
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..progress import bar

# Type codes as LeCun's MNIST page gives them; values of several bytes have the highest first.
DTYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}

_PIECE = 1 << 20
_MOST_AXES = 32     # of arrays in NumPy 1.19 and in HDF5
_GZIP_MAGIC = b"\x1f\x8b"


class IdxFile:
    """An IDX file, gzipped or not, read row by row; use it as a context manager, or `close` it.

    Attributes: `path`; `shape`, whose first number is that of the rows; `dtype`, as stored. Opening raises
    InputError unless the header is sound and, in a file that is not gzipped, the length is what the header promises;
    `md5` checks all the rest.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)
        self._raw = _open(self.path)
        self.gzipped = self._raw.read(2) == _GZIP_MAGIC
        self._raw.seek(0)
        self._values = gzip.GzipFile(fileobj=self._raw) if self.gzipped else self._raw
        try:
            self.dtype, self.shape = self._header()
            if not self.gzipped:
                self._check_length(os.fstat(self._raw.fileno()).st_size)
        except InputError:
            self.close()
            raise

    def _header(self) -> tuple[np.dtype, tuple[int, ...]]:
        start = self._read(4)
        if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in DTYPES or start[3] == 0:
            raise InputError(f"`{self.path}` is not an IDX file: it starts with bytes {start.hex(' ') or '(none)'}, "
                             f"where IDX has 00 00, a type code ({', '.join(f'{code:02x}' for code in DTYPES)}) and "
                             "the number of dimensions; get the file again.")
        sizes = self._read(4 * start[3])
        if len(sizes) < 4 * start[3]:
            raise InputError(f"`{self.path}` is truncated: it ends within its header of {4 + 4 * start[3]} bytes; "
                             "get the file again.")
        dtype, shape = np.dtype(DTYPES[start[2]]), tuple(np.frombuffer(sizes, ">u4").tolist())
        if len(shape) > _MOST_AXES or dtype.itemsize * math.prod(max(1, size) for size in shape) > sys.maxsize:
            raise InputError(f"`{self.path}` is damaged: its header promises {_times(shape)} values, which no computer "
                             f"holds, or more than {_MOST_AXES} dimensions; get the file again.")
        return dtype, shape

    def _check_length(self, found: int) -> None:
        expected = self._header_bytes + self._row_bytes * len(self)
        if found != expected:
            fault = "is truncated" if found < expected else "is longer than its header says"
            least = "at least " if self.gzipped and found > expected else ""
            raise InputError(f"`{self.path}` {fault}: its header promises {_times(self.shape)} values of "
                             f"{self.dtype.itemsize} byte(s), {expected} bytes in all, but there are {least}{found}; "
                             "get the file again.")

    @property
    def _header_bytes(self) -> int:
        return 4 + 4 * len(self.shape)

    @property
    def _row_bytes(self) -> int:
        return self.dtype.itemsize * math.prod(self.shape[1:])

    def __len__(self) -> int:
        return self.shape[0]

    def rows(self, start: int, stop: int) -> np.ndarray:
        """Rows `start` to `stop` (not included), as stored; cheapest in rising order, which a gzipped file needs."""
        start, stop, _ = slice(start, stop).indices(len(self))
        stop = max(start, stop)
        with _read_errors(self.path):
            self._values.seek(self._header_bytes + start * self._row_bytes)
        values = self._read((stop - start) * self._row_bytes)
        if len(values) < (stop - start) * self._row_bytes:
            raise InputError(f"`{self.path}` is truncated: it ends before row {stop} of {len(self)}; get the file "
                             "again.")
        return np.frombuffer(values, self.dtype).reshape((stop - start,) + self.shape[1:])

    def md5(self) -> str:
        """MD5 of the uncompressed file, in hexadecimal; reads all of it and checks its length and gzip's checksum."""
        digest, found = hashlib.md5(usedforsecurity=False), 0
        with _read_errors(self.path):
            self._values.seek(0)
        size = self._header_bytes + self._row_bytes * len(self)
        with bar(size, f"checking {self.path.name}", "B", unit_scale=True) as progress:
            for piece in iter(lambda: self._read(_PIECE), b""):
                digest.update(piece)
                found += len(piece)
                if found > size:
                    break       # a small gzip file can go on for ever
                progress.update(len(piece))
        self._check_length(found)
        return digest.hexdigest()

    def _read(self, size: int) -> bytes:
        with _read_errors(self.path):
            return self._values.read(size)

    def close(self) -> None:
        """Close the file; it cannot be read any more."""
        self._values.close()
        self._raw.close()

    def __enter__(self) -> IdxFile:
        return self

    def __exit__(self, *error) -> None:
        self.close()


def _times(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def _open(path: Path):
    try:
        return path.open("rb")
    except (OSError, ValueError) as error:      # ValueError: a zero byte in the path
        raise InputError(f"cannot open `{path}`: {getattr(error, 'strerror', None) or error}.") from error


@contextlib.contextmanager
def _read_errors(path: Path) -> Iterator[None]:
    """Turn what reading raises into an InputError; gzip finds out about damage only while it unpacks."""
    try:
        yield
    except EOFError as error:
        raise InputError(f"`{path}` is truncated: its gzip stream ends too early; get the file again.") from error
    except (MemoryError, OverflowError) as error:
        raise InputError(f"`{path}` has rows too large for the memory; get the file again.") from error
    except (OSError, zlib.error) as error:
        raise InputError(f"`{path}` is corrupted or unreadable: {error}; get the file again.") from error
