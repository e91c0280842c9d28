"""Layer types and the functions that write them, for each format that nets leave in; and layers that it cannot say."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from typing import Any, TypeVar

from ..errors import InputError
from ..graph import Node
from ..printing import times

# What writes a layer with the format's LayerWriter, and returns the tops, or the one.
Write = Callable[[Any], "str | list[str]"]
AnyWrite = TypeVar("AnyWrite", bound=Write)

OURS = f"{__package__.partition('.')[0]}."


class Inexpressible(Exception):     # noqa: N818 -- it is no error before all of a net's are known
    """A layer that a format cannot say exactly: a clause that tells which of its options."""


class Registry:
    """What writes layers, by type: the functions of a package, whose modules are imported when one is asked for.

    Forms of other packages go before those, as their layers do before the layers of forks.
    """

    def __init__(self, package: str):
        self._package: str | None = package     # None once it is imported
        self._own: dict[str, Write] = {}
        self._others: dict[str, Write] = {}

    def exports(self, *types: str) -> Callable[[AnyWrite], AnyWrite]:
        """Function decorator: what writes layers of the `types`."""
        def add(write: AnyWrite) -> AnyWrite:
            writers = self._own if write.__module__.startswith(OURS) else self._others
            writers.update(dict.fromkeys(types, write))
            return write
        return add

    def find(self, type_name: str, layer_class: type) -> Write:
        """What writes layers of the type, which the class computes. Raises Inexpressible if nothing does."""
        self._load()
        if type_name in self._others:
            return self._others[type_name]
        if not layer_class.__module__.startswith(OURS):
            raise Inexpressible(f"its class {layer_class.__module__}.{layer_class.__qualname__} of another package "
                                "comes without a form for export")
        if type_name not in self._own:
            raise Inexpressible(f"layers of the type {type_name} cannot be exported")
        return self._own[type_name]

    def types(self) -> list[str]:
        """All types of this package that can be written, sorted."""
        self._load()
        return sorted(self._own)

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
