"""Whether a file's heaps are whole: HDF5 believes them, and crashes or takes all memory (seen with HDF5 2.0)."""

from __future__ import annotations

import os
from pathlib import Path

# Of larger files, whose heaps would have to be looked for in all of their bytes, nothing is checked.
LARGEST = 1 << 26
LONGEST = 1 << 26       # bytes of a text; nothing that is read here comes near
MOST_HEAPS = 64         # of which the texts' own lengths are looked at, for each is looked for in the whole file
_FILE, _START = b"\x89HDF\r\n\x1a\n", b"GCOL\1"       # the signatures of a file and of a collection with its version
_NAMES, _NO_PLACE = b"HEAP\0", 1                        # of a heap of names with its version; what ends its free places
_HEADER = _OBJECT_HEADER = 16
_SMALLEST = 4096


def check_heaps(path: str | os.PathLike) -> None:
    """Raises ValueError if a collection of the global heap in the file `path` is not filled by its objects exactly, or
    if a text that lies in one claims to be longer than LONGEST.

    Their layout stands in HDF5's File Format Specification, III.E, Global Heap, and IV.B, on variable lengths.
    """
    if os.path.getsize(path) > LARGEST:
        return
    data = Path(path).read_bytes()
    base = max(0, data.find(_FILE))     # what stands before it is the user's
    heaps = {}
    at = data.find(_START)
    while at >= 0:
        size = _number(data, at + 8, 8)
        if _SMALLEST <= size <= len(data) - at:
            heaps[at - base] = _objects(data, at, at + size)
        at = data.find(_START, at + 1)
    for address, objects in list(heaps.items())[:MOST_HEAPS]:
        _check_lengths(data, address, objects)


def check_free_lists(path: str | os.PathLike) -> None:
    """Raises ValueError if the free places of a heap of names, as groups have one, lead from one to the other in a
    circle: HDF5 follows them, and takes memory at each, without end (seen with HDF5 2.0).

    Their layout stands in HDF5's File Format Specification, III.D, Local Heaps.
    """
    if os.path.getsize(path) > LARGEST:
        return
    data = Path(path).read_bytes()
    base = max(0, data.find(_FILE))
    at = data.find(_NAMES)
    while at >= 0:
        size, place, start = (_number(data, at + offset, 8) for offset in (8, 16, 24))
        seen: set[int] = set()
        while place != _NO_PLACE and place + 16 <= size and base + start + size <= len(data):
            if place in seen:
                raise ValueError(f"the free places of its heap of names at byte {at} go in a circle")
            seen.add(place)
            place = _number(data, base + start + place, 8)
        at = data.find(_NAMES, at + 1)


def _objects(data: bytes, start: int, end: int) -> set[int]:
    """The numbers of the objects of the collection between the two bytes. Raises ValueError if they do not fill it."""
    found: set[int] = set()
    position = start + _HEADER
    while end - position >= _OBJECT_HEADER:
        number, size = _number(data, position, 2), _number(data, position + 8, 8)
        if number == 0:     # what is left, its header counted
            position += size
            break
        found.add(number)
        position += _OBJECT_HEADER + -(-size // 8) * 8
    else:
        position = max(position, end)       # less than a header may be left
    if position != end:
        raise ValueError(f"the lengths in its heap of text at byte {start} do not add up")
    return found


def _check_lengths(data: bytes, address: int, objects: set[int]) -> None:
    """Look at whatever points into the collection: the length of a text, the collection's address, an object's number.

    HDF5 takes so much memory before it looks whether the object has it.
    """
    pointer = address.to_bytes(8, "little")
    at = data.find(pointer, 4)
    while at >= 0:
        length = _number(data, at - 4, 4)
        if length > LONGEST and _number(data, at + 8, 4) in objects:
            raise ValueError(f"a text claims {length} bytes at byte {at - 4}")
        at = data.find(pointer, at + 1)


def _number(data: bytes, position: int, length: int) -> int:
    return int.from_bytes(data[position:position + length], "little")
