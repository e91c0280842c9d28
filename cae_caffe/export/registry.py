"""Layer types and the functions that write them, for each format that nets leave in; and layers that it cannot say."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from typing import Generic, TypeVar

from ..errors import InputError
from ..graph import Node
from ..printing import times

Write = TypeVar("Write", bound=Callable)


class Inexpressible(Exception):     # noqa: N818 -- it is no error before all of a net's are known
    """A layer that a format cannot say exactly: a clause that tells which of its options."""


class Registry(Generic[Write]):
    """What writes layers, by type; the functions are in the modules of a package, which are imported when asked for."""

    def __init__(self, package: str):
        self._package: str | None = package     # None once it is imported
        self._writers: dict[str, Write] = {}

    def exports(self, *types: str) -> Callable[[Write], Write]:
        """Function decorator: what writes layers of the `types`."""
        def add(write: Write) -> Write:
            self._writers.update(dict.fromkeys(types, write))
            return write
        return add

    def find(self, type_name: str) -> Write:
        """What writes layers of the type. Raises Inexpressible if nothing does."""
        self._load()
        if type_name not in self._writers:
            raise Inexpressible(f"layers of the type {type_name} cannot be exported")
        return self._writers[type_name]

    def types(self) -> list[str]:
        """All types that can be written, sorted."""
        self._load()
        return sorted(self._writers)

    def _load(self) -> None:
        if self._package is not None:
            package, self._package = importlib.import_module(self._package), None
            for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
                importlib.import_module(module.name)


class Refusals:
    """The layers of a net that a format cannot say, collected so that all are refused at once."""

    def __init__(self) -> None:
        self._nodes: dict[str, list[Node]] = {}     # by the reason

    def add(self, node: Node, reason: Inexpressible) -> None:
        """Note that the layer `node` cannot be exported."""
        self._nodes.setdefault(str(reason), []).append(node)

    def raise_any(self, form: str) -> None:
        """Raise InputError that lists all layers with their places, if there are any; `form` is the format's name."""
        if self._nodes:
            lines = [f"{nodes[0].place}: {clause}{times([node.line for node in nodes])}."
                     for clause, nodes in self._nodes.items()]
            raise InputError(*lines, f"These layers have no exact form in {form}; name blobs before them as outputs, "
                                     "or replace them.")
