"""Whether a file's heaps are whole: HDF5 believes them, and crashes or takes all memory (seen with HDF5 2.0).

A file that was changed also has what is left of heaps that are no more, under other data: nothing is said of a damaged
heap at which nothing in the file points.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

# Of larger files, whose heaps would have to be looked for in all of their bytes, nothing is checked. Texts are stored
# as they are, so none of a file that is checked is longer.
LARGEST = 1 << 26
_FILE, _START = b"\x89HDF\r\n\x1a\n", b"GCOL\1"       # the signatures of a file and of a collection with its version
_NAMES, _NO_PLACE = b"HEAP\0", 1                        # of a heap of names with its version; what ends its free places
_HEADER = _OBJECT_HEADER = _FREE_PLACE = 16
_NO_LIMIT = 2**31 - 1     # the upper half of a number that stands before an address where HDF5 lists free space
_SMALLEST = 4096


def check_heaps(path: str | os.PathLike) -> None:
    """Raises ValueError if the heaps of the file `path` are such that HDF5 would crash, or never come to an end.

    Of text and other lengths that vary, a collection must be filled by its objects exactly, and none may claim more
    than LARGEST bytes. Of the names in a group, the free places must not go in a circle. The layouts stand in HDF5's
    File Format Specification: III.D, Local Heaps; III.E, Global Heap; IV.B, on variable lengths.
    """
    if not os.path.isfile(path) or os.path.getsize(path) > LARGEST:
        return
    data = Path(path).read_bytes()
    start = data.find(_FILE)        # what stands before it is the user's, and addresses do not count it
    if start >= 0:
        _Heaps(data[start:]).check()


class _Heaps:
    """The heaps in `data`, in which an address is the number of a byte."""

    def __init__(self, data: bytes):
        self._data = data
        self._damaged: dict[int, str] = {}          # by address, in words
        self._objects: dict[int, set[int]] = {}     # the numbers of a collection's objects, by its address
        # Twice as many as whole heaps, which do not overlap, have; those of others could be followed for days.
        self._steps = len(data) // _OBJECT_HEADER * 2

    def check(self) -> None:
        """Raises ValueError as `check_heaps`."""
        for at in self._places(_NAMES):
            if self._goes_in_a_circle(at):
                self._damaged[at] = f"the free places of its heap of names at byte {at} go in a circle"
        for at in self._places(_START):
            size = self._number(at + 8, 8)
            if _SMALLEST <= size <= len(self._data) - at:
                self._add_collection(at, at + size)
        if self._damaged or self._objects:
            for shift in range(4):
                self._check_pointers(np.frombuffer(self._data, "<u4", (len(self._data) - shift) // 4, shift), shift)

    def _places(self, wanted: bytes) -> Iterator[int]:
        at = self._data.find(wanted)
        while at >= 0:
            yield at
            at = self._data.find(wanted, at + 1)

    def _number(self, position: int, length: int) -> int:
        return int.from_bytes(self._data[position:position + length], "little")

    def _step(self) -> None:
        self._steps -= 1
        if self._steps < 0:
            raise ValueError("its heaps overlap")

    def _goes_in_a_circle(self, at: int) -> bool:
        """Whether HDF5 would follow the free places of the heap of names at `at` without end, taking memory at each.

        It ends at one that is not within the heap, and at 0.
        """
        size, place, start = (self._number(at + offset, 8) for offset in (8, 16, 24))
        mark, steps = -1, 0
        while place not in (0, _NO_PLACE, mark) and place + _FREE_PLACE <= size and start + size <= len(self._data):
            self._step()
            if place + self._number(start + place + 8, 8) > size:
                return False
            steps += 1
            if steps & steps - 1 == 0:      # so Brent finds a circle without keeping all that was passed
                mark = place
            place = self._number(start + place, 8)
        return place == mark

    def _add_collection(self, start: int, end: int) -> None:
        """Take down the numbers of the objects between the two bytes, or that they do not fill the room."""
        found = self._objects[start] = set()
        position = start + _HEADER
        while end - position >= _OBJECT_HEADER:
            self._step()
            number, size = self._number(position, 2), self._number(position + 8, 8)
            if number == 0:     # what is left, its header counted
                position += size
                break
            found.add(number)
            position += _OBJECT_HEADER + -(-size // 8) * 8
        else:
            position = max(position, end)       # less than a header may be left
        if position != end:
            self._damaged[start] = f"the lengths in its heap of text at byte {start} do not add up"

    def _check_pointers(self, words: np.ndarray, shift: int) -> None:
        """Look at whatever points at a heap: the length of a text, the collection's address, an object's number.

        HDF5 takes so much memory before it looks whether the object has it. `words` are all of 4 bytes from `shift` on.
        """
        low = words[:-1]
        found = np.flatnonzero((words[1:] == 0) & (low != 0))
        found = found[np.isin(low[found], [*self._damaged, *self._objects])]
        for i in found[np.isin(low[found], list(self._damaged))].tolist():
            raise ValueError(self._damaged[int(low[i])])
        for i in found[(found > 0) & (words[found - 1] > LARGEST) & (words[found - 1] != _NO_LIMIT)].tolist():
            if i + 2 < len(words) and int(words[i + 2]) in self._objects.get(int(low[i]), ()):
                raise ValueError(f"a text claims {words[i - 1]} bytes at byte {shift + 4 * (i - 1)}")
