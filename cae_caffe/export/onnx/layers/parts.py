"""Concat, Slice, Crop, Tile and Split: blobs joined along an axis, taken apart, and repeated."""

from __future__ import annotations

from ..registry import exports
from ..writing import END, LayerWriter

OUTPUTS_AS_ATTRIBUTE = 18       # the operator set from which Split is told into how many parts


@exports("Concat")
def concat(layer: LayerWriter) -> str:
    """Concat; a single bottom as it is."""
    return layer.op("Concat", *layer.bottoms, axis=layer.layer.axis) if len(layer.bottoms) > 1 else layer.bottoms[0]


@exports("Slice")
def slice_(layer: LayerWriter) -> list[str]:
    """Split; of the first axis, whose length may be dynamic, one Slice for each top, unless all are of one length."""
    x, axis, number = layer.bottoms[0], layer.layer.axis, len(layer.top_shapes)
    points = list(layer.param.slice_param.slice_point)
    if number == 1:
        return [x]
    if not points:
        told = {"num_outputs": number} if layer.builder.opset >= OUTPUTS_AS_ATTRIBUTE else {}
        return layer.ops("Split", number, x, axis=axis, **told)
    if axis == 0:
        return [layer.slice(x, [start], [end], [axis]) for start, end in zip([0, *points], [*points, END])]
    return layer.split(x, [shape[axis] for shape in layer.top_shapes], axis)


@exports("Crop")
def crop(layer: LayerWriter) -> str:
    """Slice of the axes that lose something; the second bottom's values are not read."""
    x, starts = layer.bottoms[0], layer.layer.start
    parts = [(axis, start, END if start + length == whole else start + length)
             for axis, (start, length, whole) in enumerate(zip(starts, layer.top_shapes[0], layer.bottom_shapes[0]))
             if length != whole]
    if not parts:
        return x
    axes, begins, ends = zip(*parts)
    return layer.slice(x, begins, ends, axes)


@exports("Tile")
def tile(layer: LayerWriter) -> str:
    """Tile; once, the bottom as it is."""
    times = [1] * len(layer.bottom_shapes[0])
    times[layer.layer.axis] = layer.layer.tiles
    return layer.op("Tile", layer.bottoms[0], layer.integers(times)) if layer.layer.tiles > 1 else layer.bottoms[0]


@exports("Split")
def split(layer: LayerWriter) -> list[str]:
    """The bottom, for each top."""
    return layer.bottoms * len(layer.top_shapes)
