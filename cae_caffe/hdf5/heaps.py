"""Whether a file's heaps of text are whole: HDF5 believes the lengths in them, and crashes (seen with HDF5 2.0)."""

from __future__ import annotations

import os
from pathlib import Path

# Of larger files, whose heaps would have to be looked for in all of their bytes, nothing is checked.
LARGEST = 1 << 26
_START = b"GCOL\1"      # the signature of a collection, and its version
_HEADER = _OBJECT_HEADER = 16
_SMALLEST = 4096


def check_heaps(path: str | os.PathLike) -> None:
    """Raises ValueError if a collection of the global heap in the file `path` is not filled by its objects exactly.

    Its layout stands in HDF5's File Format Specification, III.E, Global Heap.
    """
    if os.path.getsize(path) > LARGEST:
        return
    data = Path(path).read_bytes()
    at = data.find(_START)
    while at >= 0:
        size = _number(data, at + 8, 8)
        if _SMALLEST <= size <= len(data) - at and not _is_filled(data, at + _HEADER, at + size):
            raise ValueError(f"the lengths in its heap of text at byte {at} do not add up")
        at = data.find(_START, at + 1)


def _is_filled(data: bytes, position: int, end: int) -> bool:
    while end - position >= _OBJECT_HEADER:
        number, size = _number(data, position, 2), _number(data, position + 8, 8)
        if number == 0:     # what is left, its header counted
            return position + size == end
        position += _OBJECT_HEADER + -(-size // 8) * 8
    return 0 <= end - position < _OBJECT_HEADER


def _number(data: bytes, position: int, length: int) -> int:
    return int.from_bytes(data[position:position + length], "little")
