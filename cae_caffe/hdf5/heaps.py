"""Whether a file's heaps are whole: HDF5 believes them, and crashes or takes all memory (seen with HDF5 2.0)."""

from __future__ import annotations

import os
from collections.abc import Iterator
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
    """Raises ValueError if the heaps of the file `path` are such that HDF5 would crash, or never come to an end.

    Of text and other lengths that vary, a collection must be filled by its objects exactly, and none may claim more
    than LONGEST bytes. Of the names in a group, the free places must not go in a circle. The layouts stand in HDF5's
    File Format Specification: III.D, Local Heaps; III.E, Global Heap; IV.B, on variable lengths.
    """
    if os.path.getsize(path) > LARGEST:
        return
    data = Path(path).read_bytes()
    base = max(0, data.find(_FILE))     # what stands before it is the user's
    for at in _places(data, _NAMES):
        _check_free_places(data, base, at)
    heaps = {}
    for at in _places(data, _START):
        size = _number(data, at + 8, 8)
        if _SMALLEST <= size <= len(data) - at:
            heaps[at - base] = _objects(data, at, at + size)
    for address, objects in list(heaps.items())[:MOST_HEAPS]:
        _check_lengths(data, address, objects)


def _places(data: bytes, wanted: bytes) -> Iterator[int]:
    at = data.find(wanted)
    while at >= 0:
        yield at
        at = data.find(wanted, at + 1)


def _check_free_places(data: bytes, base: int, at: int) -> None:
    size, place, start = (_number(data, at + offset, 8) for offset in (8, 16, 24))
    seen: set[int] = set()
    while place != _NO_PLACE and place + 16 <= size and base + start + size <= len(data):
        if place in seen:       # HDF5 takes memory at each
            raise ValueError(f"the free places of its heap of names at byte {at} go in a circle")
        seen.add(place)
        place = _number(data, base + start + place, 8)


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
    for at in _places(data, address.to_bytes(8, "little")):
        length = _number(data, max(0, at - 4), 4)
        if length > LONGEST and _number(data, at + 8, 4) in objects:
            raise ValueError(f"a text claims {length} bytes at byte {at - 4}")


def _number(data: bytes, position: int, length: int) -> int:
    return int.from_bytes(data[position:position + length], "little")
