"""An open HDF5 file and what is in it, with all that h5py raises of them told as InputError."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np

from ..errors import InputError
from ..printing import shown

WHOLE_NUMBERS = "iu"    # numpy's kinds of them


@dataclass
class Source:
    """An open file as the user named it, and what ends each message about it."""

    path: str
    remedy: str


class Member:
    """A group or a dataset: `path` is the file that the user named, `name` where it is in it."""

    def __init__(self, source: Source, thing: Any, name: str):
        self.path, self.name = source.path, name
        self.source, self.thing = source, thing

    def error(self, words: str) -> InputError:
        """An InputError that says `words` of the file, and the remedy."""
        return InputError(sentence(f"{self.path}: {shown(words)}", self.source.remedy))

    @contextlib.contextmanager
    def damage(self, what: str) -> Iterator[None]:
        """Turn what h5py raises in the block, whatever its kind, into an InputError that says `what` cannot be read."""
        try:
            yield
        except InputError:
            raise
        except MemoryError:
            raise self.error(f"there is not enough memory to read {what}") from None
        except Exception as error:
            raise self.error(f"{what} cannot be read, so the file is damaged ({reason(error)})") from None

    def text_attribute(self, name: str, default: str = "") -> str:
        """The attribute `name`, a string; `default` if there is none."""
        value = self._attribute(name)
        if value is None:
            return default
        if not isinstance(value, str):
            raise self.error(f"attribute `{name}` {self._of()} is no text")
        return value

    def number_attribute(self, name: str) -> int | None:
        """The attribute `name`, a whole number; None if there is none."""
        found = self.numbers_attribute(name)
        if len(found) > 1:
            raise self.error(f"attribute `{name}` {self._of()} is no single number")
        return found[0] if found else None

    def numbers_attribute(self, name: str) -> tuple[int, ...]:
        """The attribute `name`, whole numbers; none if it is missing."""
        value = self._attribute(name)
        if value is None:
            return ()
        array = np.asarray(value)
        if array.ndim > 1 or array.dtype.kind not in WHOLE_NUMBERS:
            raise self.error(f"attribute `{name}` {self._of()} is no whole number")
        return tuple(array.reshape(-1).tolist())

    def _attribute(self, name: str) -> Any:
        with self.damage(f"attribute `{name}` {self._of()}"):
            if name not in self.thing.attrs:
                return None
            self.require_plain(self.thing.attrs.get_id(name).get_type())
            value = self.thing.attrs[name]
            return text(value) if isinstance(value, bytes) else value

    def require_plain(self, kind: h5py.h5t.TypeID) -> None:
        """Raises ValueError unless values of the type `kind` are numbers or text."""
        if kind.get_class() not in (h5py.h5t.INTEGER, h5py.h5t.FLOAT, h5py.h5t.STRING):
            raise ValueError("it holds neither numbers nor text")       # never asked for, and HDF5 crashes on some

    def _of(self) -> str:
        return f"of `{self.name}`" if self.name else "of the file"


def text(value: bytes) -> str:
    """The text in UTF-8; ValueError if it is none."""
    return value.decode("utf-8")


def sentence(words: str, remedy: str) -> str:
    """The two as one."""
    return f"{words}; {remedy}." if remedy else f"{words}."


def reason(error: Exception) -> str:
    """What the error says, in one line: HDF5 packs the system's message, and its own, into several."""
    number = getattr(error, "errno", None)
    if number:
        return os.strerror(number)
    said = error.args[0] if isinstance(error, KeyError) and error.args else error
    line = re.sub(r"\s+", " ", str(said)).strip()
    framed = re.fullmatch(r"(?:Unable to|Can't) [^(]*\((.*)\)", line)
    return (framed[1] if framed else line) or type(error).__name__
