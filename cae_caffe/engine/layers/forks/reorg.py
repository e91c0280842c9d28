"""Reorg: pixels in place of channels, and channels in place of pixels."""

from __future__ import annotations

import torch

from ....errors import InputError
from ...blob import shape_string
from ...layer import Layer
from ...traits import Traits
from ..registry import register


@register("Reorg")
class Reorg(Layer):
    """Darknet's order of pixels (MobileNet-YOLO's include/caffe/layers/reorg_layer.hpp), with s = `stride`.

    With `reverse`, each pixel of s^2 channels becomes s x s pixels of one: channel (s y + x) C / s^2 + c comes to pixel
    (y, x) of its block, and the top is (N, C / s^2, s H, s W). Without, the top is (N, s^2 C, H / s, W / s), and the
    values come as if the bottom's memory held (N, C / s^2, s H, s W): not the inverse, but what Darknet's weights were
    trained with. The fork hands down a gradient that nobody has computed; here it is right.
    """

    traits = Traits(replayable=True)

    def setup(self, bottom, top):
        self.stride = self.param.reorg_param.stride
        self.reverse = self.param.reorg_param.reverse
        if self.stride < 1:
            raise InputError("it has no `stride`, or one of 0; give one of at least 1.")

    def shapes(self, bottom_shapes):
        shape, stride = bottom_shapes[0], self.stride
        if len(shape) != 4 or not shape[1] or shape[1] % stride ** 2:
            raise InputError(f"its bottom has shape {shape_string(shape)}; it must have four axes, and its channels "
                             f"must be a multiple of {stride ** 2}, the square of its `stride`.")
        batch, channels, height, width = shape
        if not self.reverse and (height % stride or width % stride):
            raise InputError(f"its bottom has shape {shape_string(shape)}; height and width must be multiples of its "
                             f"`stride: {stride}`.")
        # One side of both directions is a batch of (y, x, channel, row, column), the other of (channel, row, y, column,
        # x): y and x are of a pixel within its block.
        self._blocks = (batch, channels // stride ** 2, height, stride, width, stride)
        if self.reverse:
            return [(batch, channels // stride ** 2, height * stride, width * stride)]
        return [(batch, channels * stride ** 2, height // stride, width // stride)]

    def compute(self, bottoms, params):
        return [self._moved(bottoms[0], self.reverse).reshape(self.shapes([tuple(bottoms[0].shape)])[0])]

    def forward(self, bottom, top):
        self._move(bottom[0].data, top[0].data, self.reverse)

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            self._move(top[0].diff, bottom[0].diff, not self.reverse)

    def _move(self, source: torch.Tensor, target: torch.Tensor, to_pixels: bool) -> None:
        moved = self._moved(source, to_pixels)
        if target.is_contiguous():
            target.view(moved.shape).copy_(moved)
        else:
            target.copy_(moved.reshape(target.shape))

    def _moved(self, tensor: torch.Tensor, to_pixels: bool) -> torch.Tensor:
        """The values in the other side's order and axes."""
        batch, channels, height, stride, width, _ = self._blocks
        if to_pixels:
            return tensor.reshape(batch, stride, stride, channels, height, width).permute(0, 3, 4, 1, 5, 2)
        return tensor.reshape(self._blocks).permute(0, 3, 5, 1, 2, 4)
