"""ArgMax: where the largest values are."""

from __future__ import annotations

import math

import torch

from ...errors import InputError
from ..blob import canonical_axis, in_rows
from ..layer import Layer
from .registry import register


@register("ArgMax")
class ArgMax(Layer):
    """The places of the `top_k` largest values, in falling order; of equal values the last comes first.

    Along `axis`, if given: the top has `top_k` values there, the places or, with `out_max_val`, the values. Else in
    all that belongs to one row of the bottom: the top is (rows, 1, top_k), or (rows, 2, top_k) with `out_max_val`,
    places before values (src/caffe/layers/argmax_layer.cpp).
    """

    def shapes(self, bottom_shapes):
        shape, param = bottom_shapes[0], self.param.argmax_param
        self.axis = canonical_axis(param.axis, shape) if param.has("axis") else None
        if self.axis is None:
            if not shape:
                raise InputError("its bottom is a single number and has no rows; it needs one axis or more.")
            rows = (2 if param.out_max_val else 1, param.top_k)
            result = shape[:1] + rows + (1,) * (len(shape) - 3)
            choices = math.prod(shape[1:])
        else:
            result = shape[:self.axis] + (param.top_k,) + shape[self.axis + 1:]
            choices = shape[self.axis]
        if not 1 <= param.top_k <= choices:
            raise InputError(f"its `top_k` is {param.top_k}, of {choices} values; it must be from 1 to their number.")
        return [result]

    def forward(self, bottom, top):
        out = top[0].data
        if self.axis is None:
            places, values = self._largest(in_rows(bottom[0].data), 1)
            results = [places, values] if self.param.argmax_param.out_max_val else [places]
            out.copy_(torch.stack(results, 1).view(out.shape))
        else:
            places, values = self._largest(bottom[0].data, self.axis)
            out.copy_(values if self.param.argmax_param.out_max_val else places)

    def _largest(self, values: torch.Tensor, axis: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Places, as floats, and values of the `top_k` largest along `axis`."""
        # A stable sort of the reversed values puts the last of equal ones first.
        found, places = torch.sort(values.flip(axis), dim=axis, descending=True, stable=True)
        number = self.param.argmax_param.top_k
        places = values.shape[axis] - 1 - places.narrow(axis, 0, number)
        return places.to(values.dtype), found.narrow(axis, 0, number)

    def backward(self, top, propagate_down, bottom):
        self.refuse_gradient(propagate_down, 0)
