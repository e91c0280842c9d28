"""Where a layer stands, for error messages."""

from __future__ import annotations


def layer_place(layer, name: str, line: int | None) -> str:
    """A layer's name, its type and, if known, its `line` in `name`, the net's file: "layer `a` (type ReLU, net:12)"."""
    where = f"{name}:{line}" if line else name
    return f"layer `{layer.name}` (type {layer.type}, {where})"
