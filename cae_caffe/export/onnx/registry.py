"""The layer types that have an ONNX form, and the function that writes it. Searching for a name in quotes finds it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .writing import LayerWriter

Write = Callable[["LayerWriter"], "str | list[str]"]

_WRITERS: dict[str, Write] = {}


class Inexpressible(Exception):     # noqa: N818 -- it is no error before all of a net's are known
    """A layer that ONNX cannot say exactly: a clause that tells which of its options."""


def exports(*types: str) -> Callable[[Write], Write]:
    """Function decorator: what writes layers of the `types` with a LayerWriter, and returns the tops' tensors.

    It raises Inexpressible for options that have no exact form.
    """
    def add(write: Write) -> Write:
        _WRITERS.update(dict.fromkeys(types, write))
        return write
    return add


@cache
def _load() -> None:
    from . import layers  # its modules import this one

    for module in pkgutil.walk_packages(layers.__path__, f"{layers.__name__}."):
        importlib.import_module(module.name)


def find(type_name: str) -> Write | None:
    """What writes layers of the type, or None."""
    _load()
    return _WRITERS.get(type_name)


def types() -> list[str]:
    """All types that can be written, sorted."""
    _load()
    return sorted(_WRITERS)
