"""Concat, Slice and Tile: blobs joined along an axis, taken apart, and repeated."""

from __future__ import annotations

import torch

from ...errors import InputError
from ..autograd_layer import AutogradLayer
from ..blob import Shape, canonical_axis, shape_string
from ..layer import Layer, at_least
from ..traits import Traits
from .registry import register


def _axis(param, old_name: str, shape: Shape) -> int:
    """The layer's axis: `axis`, or the older field `old_name`, which cannot count from the end."""
    if param.has("axis") and param.has(old_name):
        raise InputError(f"it gives both `axis` and the older `{old_name}`; give `axis` alone.")
    return canonical_axis(getattr(param, old_name) if param.has(old_name) else param.axis, shape)


class _JoiningLayer(Layer):
    """A whole blob at one end, its parts along `self.axis` at the other; a part alone is the same memory."""

    traits = Traits(keeps_order=True, replayable=True)
    axis: int

    def parts(self, whole: torch.Tensor, blobs) -> tuple[torch.Tensor, ...]:
        """Views of the parts of `whole` that belong to `blobs`."""
        return whole.split([blob.shape[self.axis] for blob in blobs], self.axis)


@register("Concat")
class Concat(_JoiningLayer):
    """The bottoms one after the other along `axis`; their other lengths agree (src/caffe/layers/concat_layer.cpp)."""

    bottoms = at_least(1)

    def shapes(self, bottom_shapes):
        first = bottom_shapes[0]
        self.axis = axis = _axis(self.param.concat_param, "concat_dim", first)
        for shape in bottom_shapes[1:]:
            if len(shape) != len(first) or shape[:axis] + shape[axis + 1:] != first[:axis] + first[axis + 1:]:
                raise InputError(f"its bottoms have shapes {shape_string(first)} and {shape_string(shape)}; all their "
                                 f"lengths but that of axis {axis} must agree.")
        return [first[:axis] + (sum(shape[axis] for shape in bottom_shapes),) + first[axis + 1:]]

    def forward(self, bottom, top):
        if len(bottom) == 1:
            top[0].share_data(bottom[0])
            return
        for blob, part in zip(bottom, self.parts(top[0].data, bottom)):
            part.copy_(blob.data)

    def backward(self, top, propagate_down, bottom):
        if len(bottom) == 1 and propagate_down[0]:
            bottom[0].share_diff(top[0])
            return
        for blob, part, wanted in zip(bottom, self.parts(top[0].diff, bottom), propagate_down):
            if wanted:
                blob.diff.copy_(part)


@register("Slice")
class Slice(_JoiningLayer):
    """Parts of the bottom along `axis`: as `slice_point` says where they end, or all of one length.

    (src/caffe/layers/slice_layer.cpp)
    """

    tops = at_least(1)

    def setup(self, bottom, top):
        self.number_of_tops = len(top)

    def shapes(self, bottom_shapes):
        shape = bottom_shapes[0]
        self.axis = axis = _axis(self.param.slice_param, "slice_dim", shape)
        return [shape[:axis] + (length,) + shape[axis + 1:] for length in self._lengths(shape[axis])]

    def _lengths(self, whole: int) -> list[int]:
        """The tops' lengths along the axis, on which the bottom has `whole`."""
        points, number = list(self.param.slice_param.slice_point), self.number_of_tops
        if not points:
            if whole % number:
                raise InputError(f"its bottom has length {whole} along axis {self.axis}, which {number} tops cannot "
                                 "share evenly; give `slice_point`s, or another number of tops.")
            return [whole // number] * number
        if len(points) != number - 1:
            raise InputError(f"it gives `slice_point` {len(points)} times for {number} tops; give one less than tops.")
        lengths = [end - start for start, end in zip([0] + points, points + [whole])]
        if min(lengths) < 1:
            raise InputError(f"its `slice_point`s are {points} along an axis of length {whole}; they must rise, and "
                             "lie inside.")
        return lengths

    def forward(self, bottom, top):
        if len(top) == 1:
            top[0].share_data(bottom[0])
            return
        for blob, part in zip(top, self.parts(bottom[0].data, top)):
            blob.data.copy_(part)

    def backward(self, top, propagate_down, bottom):
        if not propagate_down[0]:
            return
        if len(top) == 1:
            bottom[0].share_diff(top[0])
        else:
            for blob, part in zip(top, self.parts(bottom[0].diff, top)):
                part.copy_(blob.diff)


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
