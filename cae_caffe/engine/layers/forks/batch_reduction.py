"""BatchReduction: entries of an axis, reduced to one for each piece of it."""

from __future__ import annotations

import torch

from ....errors import InputError
from ...autograd_layer import AutogradLayer
from ...blob import canonical_axis, shape_string
from ..registry import register


@register("BatchReduction")
class BatchReduction(AutogradLayer):
    """The entries of the axis `reduction_param.axis`, by default of the batch, summed (SUM, MEAN), or the mean of the
    `k` largest at each place (TOPK). (TSN's src/caffe/layers/batch_reduction_layer.cpp)

    Without `level`, or with level 1 alone, the axis goes. Else each level l is a piece of the axis with l^2 entries,
    all of which must make up the axis, and becomes an entry of the top. With `pos`, for sums and means of one piece,
    the axis behind has as many entries, and of the two the diagonal is summed.
    """

    @classmethod
    def unsupported(cls, param):
        reduction = param.batch_reduction_param.reduction_param
        found = [f"`operation: {reduction.operation}`"] if reduction.operation in ("ASUM", "SUMSQ") else []
        return found + ([f"`coeff: {reduction.coeff:g}`"] if reduction.coeff != 1 else [])

    def setup(self, bottom, top):
        options = self.param.batch_reduction_param
        self.reduction, self.on_diagonal = options.reduction_param, options.pos
        levels = list(options.level)
        if any(level < 1 for level in levels):
            raise InputError(f"its `level`s are {levels}; give levels of at least 1, or none.")
        is_top = self.reduction.operation == "TOPK"
        if len(levels) > 1 and (self.on_diagonal or is_top):
            raise InputError(f"it has {len(levels)} `level`s with {'`operation: TOPK`' if is_top else '`pos: true`'}, "
                             "which takes one; leave the others out.")
        if self.on_diagonal and is_top:
            raise InputError("it has `pos: true` with `operation: TOPK`; `pos` takes SUM or MEAN.")
        self.pieces = [] if levels in ([], [1]) else [level ** 2 for level in levels]

    def shapes(self, bottom_shapes):
        shape = bottom_shapes[0]
        self.axis = canonical_axis(self.reduction.axis, shape)
        if self.pieces and sum(self.pieces) != shape[self.axis]:
            raise InputError(f"its `level`s take {' + '.join(map(str, self.pieces))} entries of axis {self.axis}, and "
                             f"its bottom of shape {shape_string(shape)} has {shape[self.axis]}; they must agree.")
        if self.on_diagonal and shape[self.axis + 1:self.axis + 2] != shape[self.axis:self.axis + 1]:
            raise InputError(f"it has `pos: true`, and its bottom the shape {shape_string(shape)}; axis {self.axis} "
                             "and the one behind it must be equally long.")
        least = min(self.pieces or [shape[self.axis]])
        if self.reduction.operation == "TOPK" and not 1 <= self.reduction.k <= least:
            raise InputError(f"its `k` is {self.reduction.k}, and there are {least} entries of which to take the "
                             "largest; give a number from 1 to that.")
        behind = shape[self.axis + (2 if self.on_diagonal else 1):]
        return [shape[:self.axis] + ((len(self.pieces),) if self.pieces else ()) + behind]

    def compute(self, bottoms, params):
        entries = bottoms[0]
        if self.on_diagonal:
            entries = entries.diagonal(dim1=self.axis, dim2=self.axis + 1).movedim(-1, self.axis)
        if not self.pieces:
            return [self._reduced(entries)]
        return [torch.stack([self._reduced(piece) for piece in entries.split(self.pieces, self.axis)], self.axis)]

    def _reduced(self, entries: torch.Tensor) -> torch.Tensor:
        if self.reduction.operation == "TOPK":
            largest = entries.sort(dim=self.axis, descending=True, stable=True).values
            return largest.narrow(self.axis, 0, self.reduction.k).mean(self.axis)
        return entries.sum(self.axis) if self.reduction.operation == "SUM" else entries.mean(self.axis)
