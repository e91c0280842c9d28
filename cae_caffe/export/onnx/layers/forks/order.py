"""Layers that give the same values another order: Permute, ShuffleChannel, Reorg."""

from __future__ import annotations

from ...registry import exports
from ...writing import LayerWriter


@exports("Permute")
def permute(layer: LayerWriter) -> str:
    """Transpose."""
    return layer.transpose(layer.bottoms[0], layer.layer.order)


@exports("ShuffleChannel")
def shuffle_channel(layer: LayerWriter) -> str:
    """Reshape of the channels to groups, Transpose of these, and Reshape back."""
    x, (_, channels, *pixels), group = layer.bottoms[0], layer.bottom_shapes[0], layer.layer.group
    if group == 1:
        return x
    groups = layer.reshape(x, (0, group, channels // group, *pixels))
    return layer.reshape(layer.transpose(groups, (0, 2, 1, *range(3, 3 + len(pixels)))), (0, channels, *pixels))


@exports("Reorg")
def reorg(layer: LayerWriter) -> str:
    """Reshape to blocks of pixels, Transpose, and Reshape to the top."""
    stride = layer.layer.stride
    if stride == 1:
        return layer.bottoms[0]
    _, channels, height, width = layer.bottom_shapes[0]
    few = channels // stride ** 2
    if layer.layer.reverse:
        blocks = layer.reshape(layer.bottoms[0], (0, stride, stride, few, height, width))
        moved = layer.transpose(blocks, (0, 3, 4, 1, 5, 2))
    else:
        # Darknet takes the bottom's memory for that of the larger planes (see the engine's layer).
        blocks = layer.reshape(layer.bottoms[0], (0, few, height, stride, width, stride))
        moved = layer.transpose(blocks, (0, 3, 5, 1, 2, 4))
    return layer.reshape(moved, (0, *layer.top_shapes[0][1:]))
