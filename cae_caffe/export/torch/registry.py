"""The layer types that have a form in PyTorch, and the function that writes it."""

from __future__ import annotations

from ..registry import Inexpressible, Registry

__all__ = ["Inexpressible", "exports", "find", "types"]

_registry = Registry(f"{__package__}.layers")

# Function decorator: what writes layers of the types named with a LayerWriter, and returns the expressions of the tops,
# or one that gives all of them. It raises Inexpressible for options that have no exact form.
exports = _registry.exports
find, types = _registry.find, _registry.types
