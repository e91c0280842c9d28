"""The pages of an LMDB's file, checked before liblmdb reads them: it maps the file and trusts every number in it.

A file that is cut off, as a copy that was broken off, takes the process down there (SIGBUS), and so do damaged pages.
`lmdb.verify` checks all pages of a file at once, which takes an hour where there is a million of large records; this
walks the tree of pages as the reading does, one leaf ahead of it. Nothing is mapped here. The layout is that of LMDB
0.9's mdb.c (MDB_meta, MDB_page, MDB_node), which Caffe's databases have.
"""

from __future__ import annotations

import bisect
import os
import struct
import weakref
from collections.abc import Iterator
from typing import NamedTuple, NoReturn

from ..errors import InputError

_MAGIC, _VERSION = 0xBEEFC0DE, 1
_NO_ROOT = 2**64 - 1            # of a database without records
_PAGE_SIZES = [1 << bits for bits in range(8, 16)]
_MOST_LEVELS = 32               # of the tree, for liblmdb (CURSOR_STACK)

_PAGE = struct.Struct("=QHHHH")             # its number, padding, flags, where the free space begins and ends
_META = struct.Struct("=II16x48s48sQQ")     # magic, version, the free pages' and the main tree, last page, transaction
_TREE = struct.Struct("=IHH32xQ")           # page size (of the free pages' tree), flags, depth, root
_NODE = struct.Struct("=HHHH")              # size of the value (lower half, upper), flags, size of the key
_NUMBER = struct.Struct("=Q")
_BRANCH, _LEAF, _OVERFLOW, _TYPES = 0x01, 0x02, 0x04, 0x6F      # flags of a page
_BIG_VALUE, _SEVERAL_VALUES = 0x01, 0x04                        # flags of a node


class _Meta(NamedTuple):
    page_size: int
    flags: int
    root: int
    last_page: int
    transaction: int


class Pages:
    """The pages of the LMDB in `folder`, as one transaction sees them.

    Raises InputError if the file is none of LMDB's or is cut off, OSError if it cannot be read.
    """

    def __init__(self, folder: str):
        self.folder = folder
        self._file = os.open(os.path.join(folder, "data.mdb"), os.O_RDONLY)
        weakref.finalize(self, os.close, self._file)
        self._meta = self._newest()
        self._require_whole()
        self._size = os.fstat(self._file).st_size

    def follow(self, transaction: int) -> None:
        """Read on as liblmdb's transaction of this number does. Raises InputError if its tree cannot be found."""
        self._meta = self._newest()
        if self._meta.transaction != transaction:
            self._meta = self._read_meta(transaction & 1, self._meta.page_size)
        if self._meta.transaction != transaction:
            raise InputError(f"the LMDB {self.folder} was written to while it was opened, or is damaged; try again "
                             "when its writer has ended.")

    def require_size(self) -> None:
        """Raises InputError if the file has become shorter, which LMDB never makes it, since it was opened."""
        if os.fstat(self._file).st_size < self._size:
            self._cut_off(self._size)

    def leaves(self, key: bytes = b"") -> Iterator[int]:
        """Check the leaves from the one where `key` would be, and what they hold; how many keys each has from there.

        A leaf is checked when the iterator comes to it. Raises InputError for the first that is unsound.
        """
        return self._leaves(self._meta.root, key, [self._meta.last_page]) if self._meta.root != _NO_ROOT else iter(())

    def _newest(self) -> _Meta:
        first = self._read_meta(0, 0)
        if first.page_size not in _PAGE_SIZES:
            self._damaged(0, f"says that pages have {first.page_size} bytes")
        second = self._read_meta(1, first.page_size)
        index = int(first.transaction < second.transaction)     # as mdb_env_pick_meta
        newest = (first, second)[index]
        if newest.transaction & 1 != index or second.page_size != first.page_size:
            self._damaged(index, "does not go with the other that says where the records are")
        if newest.flags:
            self._damaged(index, f"says that keys and values are of another kind (flags {newest.flags:#x}) than Caffe "
                                 "writes")
        return newest

    def _read_meta(self, index: int, page_size: int) -> _Meta:
        content = os.pread(self._file, _PAGE.size + _META.size, index * page_size)
        if len(content) < _PAGE.size + _META.size:
            self._cut_off(2 * page_size or _PAGE.size + _META.size)
        magic, version, free, main, last_page, transaction = _META.unpack_from(content, _PAGE.size)
        if magic != _MAGIC:
            raise InputError(f"the LMDB {self.folder} cannot be opened (MDB_INVALID: its data.mdb is no file of LMDB's "
                             "on this kind of machine); `source` is the path of the folder that holds its data.mdb.")
        if version != _VERSION:
            raise InputError(f"the LMDB {self.folder} has the format {version}, and Caffe's LMDB reads {_VERSION}; "
                             "write it anew with LMDB 0.9.")
        _, flags, _, root = _TREE.unpack(main)
        return _Meta(_TREE.unpack(free)[0], flags, root, last_page, transaction)

    def _require_whole(self) -> None:
        """Raises InputError if pages that are in use are missing; those behind them need not have been written."""
        if os.fstat(self._file).st_size < (self._meta.last_page + 1) * self._meta.page_size:
            for _ in self.leaves():
                pass

    def _leaves(self, number: int, key: bytes, left: list[int], level: int = 1) -> Iterator[int]:
        left[0] -= 1
        if left[0] < 0 or level > _MOST_LEVELS:
            self._damaged(number, "is one of a circle of pages")
        page, kind = self._page(number)
        if kind == _LEAF:
            keys = self._leaf_keys(number, page)
            yield len(keys) - bisect.bisect_left(keys, key)
        elif kind == _BRANCH:
            keys, children = self._branch(number, page)
            for child in children[bisect.bisect_right(keys, key, 1) - 1:]:
                yield from self._leaves(child, key, left, level + 1)
        else:
            self._damaged(number, "is neither a branch nor a leaf")

    def _page(self, number: int) -> tuple[bytes, int]:
        """The page and its kind."""
        self._require_pages(number, 1)
        page = os.pread(self._file, self._meta.page_size, number * self._meta.page_size)
        own, _, flags, _, _ = _PAGE.unpack_from(page)
        if own != number:
            self._damaged(number, f"says that it is page {own}")
        return page, flags & _TYPES

    def _require_pages(self, number: int, count: int) -> None:
        """Raises InputError unless so many pages from `number` on are in use, and in the file."""
        if not 2 <= number <= self._meta.last_page + 1 - count:
            self._damaged(number, f"({count} from there on) is asked for, and the last is {self._meta.last_page}")
        if os.fstat(self._file).st_size < (number + count) * self._meta.page_size:
            self._cut_off((number + count) * self._meta.page_size)

    def _nodes(self, number: int, page: bytes) -> Iterator[tuple[bytes, int, int, int]]:
        """Of each node the key, its flags, the size of its value, and where that begins."""
        lower, upper = _PAGE.unpack_from(page)[3:]
        if not _PAGE.size <= lower <= upper <= len(page) or lower % 2:
            self._damaged(number, "has no sound bounds")
        for (place,) in struct.iter_unpack("=H", page[_PAGE.size:lower]):
            if not upper <= place <= len(page) - _NODE.size:
                self._damaged(number, "has an entry outside itself")
            low, high, flags, key_size = _NODE.unpack_from(page, place)
            start = place + _NODE.size
            if start + key_size > len(page):
                self._damaged(number, "has a key that ends outside it")
            yield page[start:start + key_size], flags, low | high << 16, start + key_size

    def _branch(self, number: int, page: bytes) -> tuple[list[bytes], list[int]]:
        """The keys, of which the first says nothing, and the pages of its children."""
        nodes = list(self._nodes(number, page))
        if len(nodes) < 2:
            self._damaged(number, "is a branch without two children")
        keys = [key for key, _, _, _ in nodes]
        self._require_order(number, keys[1:])
        return keys, [size | flags << 32 for _, flags, size, _ in nodes]

    def _leaf_keys(self, number: int, page: bytes) -> list[bytes]:
        keys = []
        for key, flags, size, start in self._nodes(number, page):
            if flags & _SEVERAL_VALUES:
                self._damaged(number, "has a key with several values")
            stored = 8 if flags & _BIG_VALUE else size
            if start + stored > len(page):
                self._damaged(number, "has a value that ends outside it")
            if flags & _BIG_VALUE:
                self._check_big_value(_NUMBER.unpack_from(page, start)[0], size)
            keys.append(key)
        if not keys:
            self._damaged(number, "is a leaf without records")
        self._require_order(number, keys)
        return keys

    def _check_big_value(self, number: int, size: int) -> None:
        """Check the pages of a value that has its own; only the first of them begins with a header."""
        count = (_PAGE.size + size - 1) // self._meta.page_size + 1
        self._require_pages(number, count)
        own, _, flags, _, _ = _PAGE.unpack(os.pread(self._file, _PAGE.size, number * self._meta.page_size))
        if own != number or flags & _TYPES != _OVERFLOW:
            self._damaged(number, "is not the large value that it should be")

    def _require_order(self, number: int, keys: list[bytes]) -> None:
        if any(a >= b for a, b in zip(keys, keys[1:])):
            self._damaged(number, "has its keys in disorder")

    def _cut_off(self, needed: int) -> NoReturn:
        raise InputError(f"the LMDB {self.folder} is cut off: its data.mdb has {os.fstat(self._file).st_size} bytes, "
                         f"and its pages reach to {needed}; copy or write it anew.")

    def _damaged(self, number: int, fault: str) -> NoReturn:
        raise InputError(f"the LMDB {self.folder} is damaged: page {number} of its data.mdb {fault}; copy or write it "
                         "anew.")
