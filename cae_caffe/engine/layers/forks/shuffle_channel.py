"""ShuffleChannel: channels of several groups, mixed."""

from __future__ import annotations

import torch

from ....errors import InputError
from ...blob import shape_string
from ...layer import Layer
from ...traits import Traits
from ..registry import register


@register("ShuffleChannel")
class ShuffleChannel(Layer):
    """The channels, in `group` groups of n, become n groups with one of each group: channel g n + i comes to
    i group + g (ShuffleNet's shuffle_channel_layer.cpp).
    """

    traits = Traits(replayable=True)

    def setup(self, bottom, top):
        self.group = self.param.shuffle_channel_param.group
        if self.group < 1:
            raise InputError("its `group` is 0; give the number of groups, at least 1.")

    def shapes(self, bottom_shapes):
        shape = bottom_shapes[0]
        if len(shape) < 2 or not shape[1] or shape[1] % self.group:
            raise InputError(f"its bottom has shape {shape_string(shape)}; its channels, which are on axis 1, must be "
                             f"a multiple of `group: {self.group}`.")
        return [shape]

    def compute(self, bottoms, params):
        return [_shuffled(bottoms[0], self.group).flatten(1, 2)]

    def forward(self, bottom, top):
        each = bottom[0].shape[1] // self.group
        top[0].data.unflatten(1, (each, self.group)).copy_(_shuffled(bottom[0].data, self.group))

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            each = bottom[0].shape[1] // self.group
            bottom[0].diff.unflatten(1, (self.group, each)).copy_(_shuffled(top[0].diff, each))


def _shuffled(tensor: torch.Tensor, group: int) -> torch.Tensor:
    """A view of the `tensor`, its channels in two axes: the place within a group before the group."""
    return tensor.unflatten(1, (group, tensor.shape[1] // group)).transpose(1, 2)
