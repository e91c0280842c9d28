"""Whether a dataset's stored pieces unpack to what HDF5 takes them for.

HDF5 does not look: of a piece that unpacks to less than its chunk it goes on reading whatever memory lies behind it,
and one of fewer bytes than its checksum makes it crash (seen with HDF5 2.0). So pieces are looked at first,
each once. That unpacks them twice.
"""

from __future__ import annotations

import math
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import h5py
import numpy as np

_DEFLATE, _SHUFFLE, _FLETCHER = h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32
_SCALE_OFFSET, _LZF = h5py.h5z.FILTER_SCALEOFFSET, 32000
# Pieces that a dataset may lack in any case, and how many of more for each that it has.
MANY, MISSING = 50_000, 10
_CHECKSUM = 4       # bytes that the filter fletcher32 puts behind a piece


class Chunks:
    """The stored pieces of `dataset`; none where it is stored in one, or h5py, before 3.8, does not list them.

    Pieces packed by other filters than gzip, shuffle and fletcher32 are not looked into. Raises ValueError if the list
    of them is damaged.
    """

    def __init__(self, dataset: h5py.Dataset):
        self._dataset = dataset
        self._of_row: dict[int, list[Any]] = defaultdict(list)      # by the first row of the chunk
        if dataset.chunks is None or not hasattr(dataset.id, "chunk_iter"):
            return
        plan = dataset.id.get_create_plist()
        filters = [plan.get_filter(i) for i in range(plan.get_nfilters())]
        self._filters = [code for code, *_ in filters]
        count, width = math.prod(dataset.chunks), dataset.id.get_type().get_size()
        self._size = count * width
        _check_settings({code: settings for code, _, settings, *_ in filters}, count, width)
        self._file_size = dataset.file.id.get_filesize()
        height = dataset.chunks[0]
        dataset.id.chunk_iter(lambda piece: self._of_row[piece.chunk_offset[0] // height * height].append(piece))
        self._check_number()

    def _check_number(self) -> None:
        """Raises ValueError if so many pieces are missing that looking for them would take minutes."""
        wanted = math.prod(-(-length // step) for length, step in zip(self._dataset.shape, self._dataset.chunks))
        stored = sum(map(len, self._of_row.values()))
        if wanted > max(MANY, MISSING * stored):
            raise ValueError(f"of its {wanted} pieces only {stored} are stored")

    def check(self, rows: Any) -> None:
        """Raises ValueError unless the pieces that `rows`, a slice, an array of row numbers, or () reads are whole."""
        for row in self._first_rows(rows):
            for piece in self._of_row.pop(row, ()):
                self._check(piece)

    def _first_rows(self, rows: Any) -> Iterator[int]:
        if not self._of_row:
            return iter(())
        length, step = self._dataset.shape[0], self._dataset.chunks[0]
        if isinstance(rows, slice):
            start, stop, _ = rows.indices(length)
            return iter(range(start // step * step, stop, step))
        if isinstance(rows, np.ndarray):
            return iter((np.unique(rows // step) * step).tolist())
        return iter(list(self._of_row))

    def _check(self, piece: Any) -> None:
        where = f"its piece at {tuple(piece.chunk_offset)}"
        if piece.byte_offset + piece.size > self._file_size:
            raise ValueError(f"{where} lies beyond the end of the file")
        size = self._unpacked_size(piece, where)
        if size is not None and size != self._size:
            raise ValueError(f"{where} unpacks to another number of bytes than {self._size}")

    def _unpacked_size(self, piece: Any, where: str) -> int | None:
        """How many bytes `piece` unpacks to, or something greater than a chunk's; None if its filters are others'."""
        applied = [code for i, code in enumerate(self._filters) if not piece.filter_mask >> i & 1]
        size, packed = piece.size, None
        for code in reversed(applied):
            if code == _FLETCHER:
                size -= _CHECKSUM
                if size < 0:
                    raise ValueError(f"{where} is shorter than its checksum")
            elif code == _DEFLATE:
                packed = self._dataset.id.read_direct_chunk(piece.chunk_offset)[1] if packed is None else packed
                packed = self._inflated(packed[:size], where)
                size = len(packed)
            elif code != _SHUFFLE:
                return None
        return size

    def _inflated(self, packed: bytes, where: str) -> bytes:
        most = self._size + self._size // 1000 + 1024       # a chunk that is packed twice may grow at the first time
        try:
            return zlib.decompressobj().decompress(packed, most)
        except zlib.error as error:
            raise ValueError(f"{where} cannot be unpacked: {error}") from None


def _check_settings(settings: Mapping[int, tuple[int, ...]], count: int, width: int) -> None:
    """Raises ValueError unless filters that are told the size of a chunk were told that of these `count` numbers."""
    told = settings.get(_SCALE_OFFSET)
    if told is not None and (len(told) < 5 or (told[2], told[4]) != (count, width)):
        raise ValueError("its filter scaleoffset is for chunks of another size")
    told = settings.get(_LZF)
    if told is not None and told[2:3] != (count * width,):
        raise ValueError("its filter lzf is for chunks of another size")
