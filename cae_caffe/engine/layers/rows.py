"""BatchReindex and Filter: rows of a batch chosen by another blob; blobs whose values are row numbers."""

from __future__ import annotations

import torch

from ...errors import InputError
from ..blob import shape_string
from ..layer import Layer, at_least, exactly
from ..traits import Traits
from .buffers import keep
from .registry import register


@register("BatchReindex")
class BatchReindex(Layer):
    """Row i of the top is the first bottom's row whose number is value i of the second, of one axis.

    (src/caffe/layers/batch_reindex_layer.cpp)
    """

    bottoms = exactly(2)
    _rows: torch.Tensor | None = None

    def shapes(self, bottom_shapes):
        shape, numbers = bottom_shapes
        if len(numbers) != 1:
            raise InputError(f"its second bottom, the row numbers, has shape {shape_string(numbers)}; it must have one "
                             "axis.")
        return [numbers + shape[1:]]

    def forward(self, bottom, top):
        self._rows = keep(self._rows, row_numbers(self, bottom[1], bottom[0].shape[0]))
        top[0].data.copy_(bottom[0].data.index_select(0, self._rows))

    def backward(self, top, propagate_down, bottom):
        self.refuse_gradient(propagate_down, 1)
        if propagate_down[0]:
            bottom[0].diff.zero_()
            bottom[0].diff.index_add_(0, self._rows, top[0].diff)


@register("Filter")
class Filter(Layer):
    """Of each bottom but the last, the rows for which the last, the selector, is not 0.

    The tops' shapes therefore change from pass to pass; when the net is built they have all rows
    (src/caffe/layers/filter_layer.cpp).
    """

    bottoms = at_least(2)
    tops = at_least(1)
    traits = Traits(capturable=False)

    def setup(self, bottom, top):
        if len(top) != len(bottom) - 1:
            raise InputError(f"it has {len(bottom)} bottoms and {len(top)} tops; it takes one top less than bottoms, "
                             "the last of which is the selector.")
        self._rows: torch.Tensor | None = None

    def adapt(self, bottom, top):
        super().adapt(bottom, top)
        if self._rows is None:      # the net is being built: the selector has no values yet
            self._rows = torch.arange(bottom[0].shape[0], device=bottom[0].data.device)
            return
        self._rows = torch.nonzero(bottom[-1].data.reshape(-1)).view(-1)
        for blob, source in zip(top, bottom):
            blob.reshape((len(self._rows),) + source.shape[1:])

    def shapes(self, bottom_shapes):
        selector = bottom_shapes[-1]
        if not selector or any(length != 1 for length in selector[1:]):
            raise InputError(f"its selector, the last bottom, has shape {shape_string(selector)}; it must have one "
                             "axis or more, and all its lengths but the first must be 1.")
        for shape in bottom_shapes[:-1]:
            if shape[:1] != selector[:1]:
                raise InputError(f"a bottom has shape {shape_string(shape)} and the selector {shape_string(selector)}; "
                                 "they must have as many rows.")
        return bottom_shapes[:-1]

    def forward(self, bottom, top):
        for blob, source in zip(top, bottom):
            blob.data.copy_(source.data.index_select(0, self._rows))

    def backward(self, top, propagate_down, bottom):
        self.refuse_gradient(propagate_down, -1)
        for blob, source, wanted in zip(top, bottom, propagate_down):
            if wanted:
                source.diff.zero_()
                source.diff.index_copy_(0, self._rows, blob.diff)


def row_numbers(layer, blob, rows: int) -> torch.Tensor:
    """The values of `blob`, flat, as whole numbers, with what is behind the point cut off.

    Raises InputError if one is not from 0 to `rows` - 1. An accelerator checks that itself, so as not to wait.
    """
    values = blob.data.reshape(-1)
    if values.device.type == "cpu":
        for value in values[(values < 0) | ~(values < rows)][:1].tolist():
            raise InputError(f"it is given the row number {value:g}; it has rows 0 to {rows - 1}. Correct the data.")
    return values.long()
