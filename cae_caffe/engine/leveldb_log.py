"""LevelDB's log files, its MANIFEST among them, looked at before it opens them: are they cut off?

LevelDB takes a record that is cut off for one that its writer did not finish, and leaves it out without a word; after
that it removes the tables of which it now knows nothing. The layout is that of LevelDB's doc/log_format.md.
"""

from __future__ import annotations

import os
import struct

_BLOCK = 32768
_HEADER = struct.Struct("<4xHB")        # behind the checksum: the length of a record's part, and which part it is
_FIRST, _MIDDLE = 2, 3                  # parts that are followed by others
_KINDS = range(1, 5)


def is_cut_off(path: str) -> bool:
    """Whether the last record in the file is not whole. OSError if the file cannot be read."""
    part = 0
    with open(path, "rb") as file:
        size, place = os.fstat(file.fileno()).st_size, 0
        while place < size:
            left = _BLOCK - place % _BLOCK
            if left < _HEADER.size:         # the rest of a block, too short for a header
                place += left
                continue
            file.seek(place)
            header = file.read(_HEADER.size)
            if len(header) < _HEADER.size:
                return True
            length, part = _HEADER.unpack(header)
            if part not in _KINDS:          # damaged, or memory taken beforehand: LevelDB says which
                return False
            place += _HEADER.size + length
    return place > size or part in (_FIRST, _MIDDLE)
