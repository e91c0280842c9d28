"""ConnectedComponent: each connected part of an image's labels with a number of its own."""

from __future__ import annotations

from ...modules.connected_component import CaffeConnectedComponent
from ...registry import exports
from ...writing import LayerWriter


@exports("ConnectedComponent")
def connected_component(layer: LayerWriter) -> str:
    """A module of its own."""
    return layer.apply(CaffeConnectedComponent)
