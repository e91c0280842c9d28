"""Permute: the axes in another order."""

from __future__ import annotations

from ....errors import InputError
from ...layer import Layer
from ...traits import Traits
from ..registry import register


@register("Permute")
class Permute(Layer):
    """top[i_order[0], i_order[1], ...] = bottom[i_0, i_1, ...]; axes that `order` does not name come behind, as they
    stand (SSD's src/caffe/layers/permute_layer.cpp).
    """

    traits = Traits(replayable=True)

    def setup(self, bottom, top):
        axes = len(bottom[0].shape)
        named = list(self.param.permute_param.order)
        for axis in named:
            if axis >= axes:
                raise InputError(f"`order` names the axis {axis}, and its bottom has the axes 0 to {axes - 1}; name "
                                 "these only.")
            if named.count(axis) > 1:
                raise InputError(f"`order` names the axis {axis} {named.count(axis)} times; name each axis once.")
        self.order = named + [axis for axis in range(axes) if axis not in named]
        self.inverse = [self.order.index(axis) for axis in range(axes)]

    def shapes(self, bottom_shapes):
        if len(bottom_shapes[0]) != len(self.order):
            raise InputError(f"its bottom now has {len(bottom_shapes[0])} axes, and had {len(self.order)} when the net "
                             "was built; reshape the net's input so that their number stays.")
        return [tuple(bottom_shapes[0][axis] for axis in self.order)]

    def compute(self, bottoms, params):
        return [bottoms[0].permute(self.order)]

    def forward(self, bottom, top):
        top[0].data.copy_(bottom[0].data.permute(self.order))

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            bottom[0].diff.copy_(top[0].diff.permute(self.inverse))
