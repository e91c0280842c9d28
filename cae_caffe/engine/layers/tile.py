"""Tile: a blob repeated along an axis."""

from __future__ import annotations

from ...errors import InputError
from ..axes import canonical_axis
from ..layer import AutogradLayer
from .registry import register


@register("Tile")
class Tile(AutogradLayer):
    """The bottom `tiles` times, one after the other along `axis` (src/caffe/layers/tile_layer.cpp)."""

    def setup(self, bottom, top):
        self.tiles = self.param.tile_param.tiles
        if self.tiles < 1:
            raise InputError(f"its `tiles` is {self.tiles}; give how often to repeat the bottom, at least 1.")

    def shapes(self, bottom_shapes):
        shape = bottom_shapes[0]
        self.axis = axis = canonical_axis(self.param.tile_param.axis, shape)
        return [shape[:axis] + (shape[axis] * self.tiles,) + shape[axis + 1:]]

    def compute(self, bottoms, params):
        times = [1] * bottoms[0].dim()
        times[self.axis] = self.tiles
        return [bottoms[0].repeat(times)]
