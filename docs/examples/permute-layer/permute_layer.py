"""Permute, a layer that SSD's Caffe has and Caffe 1.0 has not: the axes of a blob in another order."""

from __future__ import annotations

import cae_caffe
from cae_caffe.engine import AutogradLayer
from cae_caffe.schema import Field, Message

PARAMETER = Message("PermuteParameter", Field("order", "uint32", number=1, repeated=True))


@cae_caffe.register_layer("Permute", PARAMETER, number=202, source="SSD")
class Permute(AutogradLayer):
    """The axes that `order` names come first, as it orders them; the others follow in their own order."""

    def shapes(self, bottom_shapes):
        """The top's shape, from the bottom's."""
        shape = bottom_shapes[0]
        named = self.param.permute_param.order
        if len(set(named)) < len(named) or any(axis >= len(shape) for axis in named):
            raise cae_caffe.InputError(f"its `order` is {list(named)}, and its bottom has the axes 0 to "
                                       f"{len(shape) - 1}; name each of them once at most.")
        self.order = [*named, *(axis for axis in range(len(shape)) if axis not in named)]
        return [tuple(shape[axis] for axis in self.order)]

    def compute(self, bottoms, params):
        """The top's values, from the bottom's."""
        return [bottoms[0].permute(self.order)]
