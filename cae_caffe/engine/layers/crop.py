"""Crop: a part of the first bottom, as large as the second."""

from __future__ import annotations

import torch

from ...errors import InputError
from ..blob import canonical_axis, shape_string
from ..layer import Layer, exactly
from .registry import register


@register("Crop")
class Crop(Layer):
    """From `axis` on, the first bottom is cut to the second's lengths, from `offset` (one, or one for each axis) on.

    The second bottom gives its shape alone, and no gradient (src/caffe/layers/crop_layer.cpp).
    """

    bottoms = exactly(2)

    def shapes(self, bottom_shapes):
        shape, wanted = bottom_shapes
        axis = canonical_axis(self.param.crop_param.axis, shape)
        number = len(shape) - axis
        if len(wanted) < len(shape):
            raise InputError(f"its second bottom has shape {shape_string(wanted)}, fewer axes than the first, "
                             f"{shape_string(shape)}; it must give the lengths of axes {axis} to {len(shape) - 1}.")
        self.start, self._shape = [0] * axis + self._offsets(number), shape[:axis] + wanted[axis:len(shape)]
        for i, (offset, length) in enumerate(zip(self.start, self._shape)):
            if offset + length > shape[i]:
                raise InputError(f"it cuts {length} values from {offset} on out of axis {i}, which has {shape[i]}; "
                                 "change `offset` or the second bottom.")
        return [self._shape]

    def _offsets(self, number: int) -> list[int]:
        """Where to begin on each of the `number` axes that are cut."""
        offsets = list(self.param.crop_param.offset)
        if len(offsets) not in (0, 1, number):
            raise InputError(f"it gives `offset` {len(offsets)} times and cuts {number} axes; give it once, or once "
                             "for each of them.")
        return offsets if len(offsets) == number else (offsets or [0]) * number

    def _window(self, tensor: torch.Tensor) -> torch.Tensor:
        return tensor[tuple(slice(start, start + length) for start, length in zip(self.start, self._shape))]

    def forward(self, bottom, top):
        top[0].data.copy_(self._window(bottom[0].data))

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            diff = bottom[0].diff
            diff.zero_()
            self._window(diff).copy_(top[0].diff)
