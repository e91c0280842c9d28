"""Reading a database in the order of its keys, whichever kind of Caffe's it is (src/caffe/util/db.hpp)."""

from __future__ import annotations

from typing import Any, Callable, ClassVar, TypeVar

from ..errors import InputError

Result = TypeVar("Result")


class DatabaseRecords:
    """The records of the database in `folder`, over and over, by a cursor of its library.

    Every method raises InputError if the database cannot be read on.
    """

    kind: ClassVar[str]                         # of database, as messages call it
    folder: str
    _failures: tuple[type[Exception], ...]      # what the library raises
    _cursor: Any

    def record(self) -> tuple[bytes, bytes]:
        """The key and the value of the record where the reading stands."""
        return self._read(self._item)

    def go_to(self, key: bytes) -> None:
        """Read on from the record of `key`. Raises InputError if there is none, and goes to the first."""
        if not self._read(self._seek, key):
            self._read(self._first)
            raise InputError(f"the {self.kind} {self.folder} has no record `{key.decode('utf-8', 'replace')}` any "
                             "more, where the reading stood")

    def advance(self) -> bool:
        """Go to the next record; returns whether that is the first again."""
        return not self._read(self._next) and self._read(self._first)

    def _read(self, read: Callable[..., Result], *arguments: Any) -> Result:
        try:
            return read(*arguments)
        except self._failures as error:
            raise InputError(f"the {self.kind} {self.folder} cannot be read on ({self._reason(error)}); copy or write "
                             "it anew.") from None

    # What the two kinds do differently. All may raise what the library raises.

    def _item(self) -> tuple[bytes, bytes]:
        return self._cursor.item()

    def _seek(self, key: bytes) -> bool:
        """Go to the record of `key`; returns whether there is one."""
        raise NotImplementedError

    def _first(self) -> bool:
        """Go to the first record; returns whether there is one."""
        raise NotImplementedError

    def _next(self) -> bool:
        """Go to the next record; returns whether there is one."""
        raise NotImplementedError

    @staticmethod
    def _reason(error: Exception) -> str:
        """What the library's error says."""
        raise NotImplementedError
