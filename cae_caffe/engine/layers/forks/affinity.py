"""Affinity: how surely neighbouring pixels belong together."""

from __future__ import annotations

import torch

from ....errors import InputError
from ...autograd_layer import AutogradLayer
from ...blob import require_images, shape_string
from ...layer import at_least
from ..registry import register


@register("Affinity")
class Affinity(AutogradLayer):
    """Of each bottom one channel p, of number `offset` (0, or one for each bottom): the smaller of p there and p below,
    and of p there and p to the right, (N, 2, H, W); 0 in the last row and column.

    The gradient goes to the smaller of the two, to the neighbour if they are equal, and the negative of it to the
    other of the first two channels, which is taken for 1 - p. (naibaf7/caffe's src/caffe/layers/affinity_layer.cpp,
    which takes one image alone, gives the last row and column no value, and leaves the gradient to chance.)
    """

    bottoms = at_least(1)
    tops = at_least(1)
    as_many_tops_as_bottoms = True

    def setup(self, bottom, top):
        given = list(self.param.affinity_param.offset)[:len(bottom)]
        self.offsets = given + [0] * (len(bottom) - len(given))

    def shapes(self, bottom_shapes):
        for shape, offset in zip(bottom_shapes, self.offsets):
            require_images(shape, "Affinity")
            if not 0 <= offset < shape[1]:
                raise InputError(f"`offset: {offset}` is no channel of its bottom of shape {shape_string(shape)}; give "
                                 f"one from 0 to {shape[1] - 1}.")
        return [(shape[0], 2, *shape[2:]) for shape in bottom_shapes]

    def compute(self, bottoms, params):
        return [_affinities(bottom[:, offset]) for bottom, offset in zip(bottoms, self.offsets)]

    def backward(self, top, propagate_down, bottom):
        super().backward(top, propagate_down, bottom)
        for blob, offset, wanted in zip(bottom, self.offsets, propagate_down):
            if wanted and blob.shape[1] > 1:
                other = (offset + 1) % 2
                blob.diff[:, other].sub_(blob.diff[:, offset])


def _affinities(channel: torch.Tensor) -> torch.Tensor:
    here, below, right = channel[:, :-1, :-1], channel[:, 1:, :-1], channel[:, :-1, 1:]
    inner = torch.stack([torch.where(here < neighbour, here, neighbour) for neighbour in (below, right)], 1)
    return torch.nn.functional.pad(inner, (0, 1, 0, 1))
