"""Layers that give the same values another order: Permute, ShuffleChannel, Reorg."""

from __future__ import annotations

from ...modules.order import CaffeReorg
from ...registry import exports
from ...writing import LayerWriter


@exports("Permute")
def permute(layer: LayerWriter) -> str:
    """Tensor.permute."""
    return f"{layer.bottoms[0]}.permute({', '.join(map(str, layer.layer.order)) or '()'})"


@exports("ShuffleChannel")
def shuffle_channel(layer: LayerWriter) -> str:
    """The channels as groups, transposed, and as channels again; nn.ChannelShuffle takes no (N, C)."""
    x, group = layer.bottoms[0], layer.layer.group
    return x if group == 1 else f"{x}.unflatten(1, ({group}, -1)).transpose(1, 2).flatten(1, 2)"


@exports("Reorg")
def reorg(layer: LayerWriter) -> str:
    """A module of its own."""
    settings = layer.layer
    if settings.stride == 1:
        return layer.bottoms[0]
    return layer.apply(CaffeReorg, settings.stride, **({"reverse": True} if settings.reverse else {}))
