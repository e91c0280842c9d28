"""Interp: maps enlarged or made smaller, the corners staying corners."""

from __future__ import annotations

import torch

from ....errors import InputError
from ...blob import shape_string
from ...layer import Layer, exactly
from ..registry import register
from .constant import zero_gradients

aten = torch.ops.aten


@register("Interp")
class Interp(Layer):
    """Bilinear interpolation between the four next pixels; the corners' pixels come to the corners, so that an output
    row r lies at r (height - 1) / (output height - 1) of the input, 0 where there is one row (DeepLab's
    src/caffe/layers/interp_layer.cpp and util/interp.cpp).

    A negative `pad_beg` and `pad_end` first cut so many rows and columns off the start and the end. The output has, of
    the fields that are given: `shrink_factor`, the height (height - 1) / factor + 1; `zoom_factor`, the height
    (height - 1) factor + 1; `height` and `width`, these; both factors, what the one makes of the other's. With
    `use_blob_size`, as nets of soeaver/caffe-model have it, the output has the height and width of the second bottom,
    to which no gradient goes.
    """

    def counts(self):
        return exactly(2 if self.param.interp_param.use_blob_size else 1), self.tops

    def setup(self, bottom, top):
        self.options = self.param.interp_param
        for name in ("pad_beg", "pad_end"):
            if getattr(self.options, name) > 0:
                raise InputError(f"its `{name}` is {getattr(self.options, name)}; 0 is the largest that Interp takes, "
                                 "and -n cuts n rows and columns off.")
        for name in ("shrink_factor", "zoom_factor"):
            if getattr(self.options, name) < 1:
                raise InputError(f"its `{name}` is {getattr(self.options, name)}; give a factor of at least 1.")
        sources = map(self.options.has, ("shrink_factor", "zoom_factor"))
        if not self.options.use_blob_size and not any(sources) and not self._has_size():
            raise InputError("its interp_param tells no size of the top; give `height` and `width`, `zoom_factor`, or "
                             "`shrink_factor`.")

    def _has_size(self) -> bool:
        return self.options.has("height") and self.options.has("width")

    def shapes(self, bottom_shapes):
        shape = bottom_shapes[0]
        if len(shape) != 4:
            raise InputError(f"its bottom has shape {shape_string(shape)}; it must have four axes.")
        cut = self.options.pad_beg + self.options.pad_end
        self.kept = (shape[2] + cut, shape[3] + cut)
        if min(self.kept) < 1:
            raise InputError(f"its bottom has shape {shape_string(shape)}, of which `pad_beg: {self.options.pad_beg}` "
                             f"and `pad_end: {self.options.pad_end}` leave nothing; cut less.")
        if not shape[1]:
            raise InputError(f"its bottom has shape {shape_string(shape)}, without a channel; give at least one.")
        self.size = bottom_shapes[1][2:4] if self.options.use_blob_size else self._size()
        if len(self.size) != 2:
            raise InputError(f"its second bottom has shape {shape_string(bottom_shapes[1])}; it must have four axes.")
        if min(self.size) < 1:
            raise InputError(f"its `height` and `width` are {self.size[0]} and {self.size[1]}; give at least 1.")
        return [shape[:2] + self.size]

    def _size(self) -> tuple[int, int]:
        """The top's height and width. Of both factors and a size, the size counts; of one factor and a size, not."""
        one_factor = self.options.has("shrink_factor") != self.options.has("zoom_factor")
        if self._has_size() and not one_factor:
            return self.options.height, self.options.width
        height, width = (((length - 1) // self.options.shrink_factor) * self.options.zoom_factor + 1
                         for length in self.kept)
        return height, width

    def _cut(self, tensor: torch.Tensor) -> torch.Tensor:
        start = -self.options.pad_beg
        return tensor[:, :, start:start + self.kept[0], start:start + self.kept[1]]

    def compute(self, bottoms, params):
        return [aten.upsample_bilinear2d(self._cut(bottoms[0]), self.size, True)]

    def forward(self, bottom, top):
        top[0].data.copy_(aten.upsample_bilinear2d(self._cut(bottom[0].data), self.size, True))

    def allows_forced_backward(self, bottom_index):
        return not bottom_index

    def backward(self, top, propagate_down, bottom):
        zero_gradients(propagate_down[1:], bottom[1:])
        if not propagate_down[0]:
            return
        kept = self._cut(bottom[0].diff)
        if kept.shape != bottom[0].shape:
            bottom[0].diff.zero_()
        kept.copy_(aten.upsample_bilinear2d_backward(top[0].diff, self.size, kept.shape, True))
