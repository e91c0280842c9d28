"""Layers that see a blob in another shape: Reshape and Flatten. The values stay where they are."""

from __future__ import annotations

import math

from ...errors import InputError
from ..blob import canonical_axis, shape_string
from ..layer import Layer
from ..traits import Traits
from .registry import register


class ShapeLayer(Layer):
    """The top looks at the bottom's memory in its own shape; a bottom stored rows first is copied into order."""

    traits = Traits(replayable=True)

    def reshape(self, bottom, top):
        super().reshape(bottom, top)
        if top[0].count != bottom[0].count:
            raise InputError(f"it turns a blob of shape {shape_string(bottom[0].shape)} into one of shape "
                             f"{shape_string(top[0].shape)}; the counts in brackets must agree.")

    def compute(self, bottoms, params):
        return [bottoms[0].reshape(self.shapes([tuple(bottoms[0].shape)])[0])]

    def forward(self, bottom, top):
        if bottom[0].rows_first or top[0].rows_first:
            _copy(bottom[0].data, top[0].data)
        else:
            top[0].share_data(bottom[0])

    def backward(self, top, propagate_down, bottom):
        if not propagate_down[0]:
            return
        if bottom[0].rows_first or top[0].rows_first:
            _copy(top[0].diff, bottom[0].diff)
        else:
            bottom[0].share_diff(top[0])


def _copy(source, target):
    """Copy values in their logical order between tensors of different shapes."""
    if target.is_contiguous():
        target.view(source.shape).copy_(source)
    else:
        target.copy_(source.reshape(target.shape))


@register("Flatten")
class Flatten(ShapeLayer):
    """Axes `axis` to `end_axis` become one; none, if `end_axis` comes just before, become a new one of length 1.

    (src/caffe/layers/flatten_layer.cpp)
    """

    def shapes(self, bottom_shapes):
        shape = bottom_shapes[0]
        first = canonical_axis(self.param.flatten_param.axis, shape)
        last = canonical_axis(self.param.flatten_param.end_axis, shape)
        if last < first - 1:
            raise InputError(f"`end_axis` {last} comes before `axis` {first}; give them in order.")
        return [shape[:first] + (math.prod(shape[first:last + 1]),) + shape[last + 1:]]


@register("Reshape")
class Reshape(ShapeLayer):
    """`shape` replaces `num_axes` axes from `axis` on; a 0 copies the bottom's length, a -1 is worked out.

    (src/caffe/layers/reshape_layer.cpp)
    """

    def setup(self, bottom, top):
        dims = self.param.reshape_param.shape.dim
        if dims.count(-1) > 1:
            raise InputError(f"its new shape {list(dims)} has several -1; at most one length can be worked out.")

    def shapes(self, bottom_shapes):
        shape, param = bottom_shapes[0], self.param.reshape_param
        first, end = self.replaced(shape)
        dims = list(param.shape.dim)
        for i, dim in enumerate(dims):
            if dim == 0:
                if first + i >= len(shape):
                    raise InputError(f"its new shape {dims} has a 0 at place {i}, but the bottom, of shape "
                                     f"{shape_string(shape)}, has no axis {first + i} to copy; give the length.")
                dims[i] = shape[first + i]
        if -1 in dims:
            known = math.prod(shape[:first] + shape[end:]) * math.prod(d for d in dims if d != -1)
            count = math.prod(shape)
            if known == 0 or count % known:
                raise InputError(f"its -1 cannot be worked out: the bottom's count {count} is no multiple of the "
                                 f"product {known} of the other lengths; change `shape`.")
            dims[dims.index(-1)] = count // known
        return [shape[:first] + tuple(dims) + shape[end:]]

    def replaced(self, shape: tuple[int, ...]) -> tuple[int, int]:
        """The first axis to replace and the one behind the last."""
        axis, number = self.param.reshape_param.axis, self.param.reshape_param.num_axes
        first = axis if axis >= 0 else len(shape) + axis + 1
        if not 0 <= first <= len(shape):
            raise InputError(f"`axis` {axis} is out of range for a bottom of shape {shape_string(shape)}.")
        end = len(shape) if number == -1 else first + number
        if number < -1 or end > len(shape):
            raise InputError(f"`axis` {axis} and `num_axes` {number} reach beyond a bottom of shape "
                             f"{shape_string(shape)}; -1 means all that follow.")
        return first, end
