"""Accum: blobs of several sizes, enlarged to one size and concatenated along the channels."""

from __future__ import annotations

import torch
from torch.nn import functional

from ....errors import InputError
from ...autograd_layer import AutogradLayer
from ...blob import require_images, shape_string
from ...layer import at_least
from ..registry import register


@register("Accum")
class Accum(AutogradLayer):
    """The bottoms in one size, by linear interpolation in which corners stay corners.

    That size is the largest height and width of the bottoms; or `top_height` x `top_width`, if neither is below these;
    or these, rounded up to multiples of `size_divisible_by`; or, with `have_reference`, that of the last bottom, whose
    channels are left out. (FlowNet2's src/caffe/layers/accum_layer.cpp, which takes the rounded size only if both
    lengths are not multiples, and the size given only if both are larger; and whose backward pass on a GPU divides by 0
    for a bottom of one row or column.)
    """

    bottoms = at_least(1)

    def setup(self, bottom, top):
        self.has_reference = self.param.accum_param.have_reference
        if self.has_reference and len(bottom) < 2:
            raise InputError("it has `have_reference: true` and one bottom, which is the reference; give it the "
                             "bottoms that are to have its size before it.")

    def allows_forced_backward(self, bottom_index):
        return not self.has_reference or bottom_index != len(self.param.bottom) - 1

    def shapes(self, bottom_shapes):
        for shape in bottom_shapes:
            require_images(shape, "Accum")
        taken = bottom_shapes[:-1] if self.has_reference else bottom_shapes
        for shape in taken[1:]:
            if shape[0] != taken[0][0]:
                raise InputError(f"its bottoms have shapes {shape_string(taken[0])} and {shape_string(shape)}; their "
                                 "first lengths, the batch, must agree.")
        size = bottom_shapes[-1][2:] if self.has_reference else self._size(taken)
        return [(taken[0][0], sum(shape[1] for shape in taken), *size)]

    def _size(self, shapes) -> tuple[int, ...]:
        param = self.param.accum_param
        largest = tuple(max(shape[axis] for shape in shapes) for axis in (2, 3))
        if param.size_divisible_by:
            return tuple(-(-length // param.size_divisible_by) * param.size_divisible_by for length in largest)
        given = param.top_height, param.top_width
        return given if all(wanted >= length for wanted, length in zip(given, largest)) else largest

    def compute(self, bottoms, params):
        taken = bottoms[:-1] if self.has_reference else bottoms
        size = self.shapes([tuple(bottom.shape) for bottom in bottoms])[0][2:]
        return [torch.cat([functional.interpolate(bottom, size, mode="bilinear", align_corners=True)
                           for bottom in taken], 1)]
