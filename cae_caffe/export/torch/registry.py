"""The layer types that have a form in PyTorch, and the function that writes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..registry import Inexpressible, Registry

if TYPE_CHECKING:
    from .writing import LayerWriter

__all__ = ["Inexpressible", "exports", "find", "types"]

Write = Callable[["LayerWriter"], "str | list[str]"]

_registry: Registry[Write] = Registry(f"{__package__}.layers")

# Function decorator: what writes layers of the types named with a LayerWriter, and returns the expressions of the tops,
# or one that gives all of them. It raises Inexpressible for options that have no exact form.
exports = _registry.exports
find, types = _registry.find, _registry.types
