"""Where a layer stands, for error messages."""

from __future__ import annotations


def layer_place(layer, name: str, line: int | None) -> str:
    """The layer's name and type and, if known, its line in `name`, the net's file: `layer `conv1` (type ..., net:12)`."""
    where = f"{name}:{line}" if line else name
    return f"layer `{layer.name}` (type {layer.type}, {where})"
