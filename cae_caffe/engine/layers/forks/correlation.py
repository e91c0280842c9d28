"""Correlation and Correlation1D: how like each patch of one image is to patches around it in another."""

from __future__ import annotations

import math

import torch
from torch.nn import functional

from ....errors import InputError
from ...blob import require_images, shape_string
from ...layer import Layer, exactly
from ..registry import register

MOST_CHANNELS = 2 ** 16
MOST_STRIDE = 2 ** 15       # beyond, PyTorch's convolution overflows; no two patches of an image lie so far apart


class _Correlation(Layer):
    """What both types share; `_displacements`, `margin` and `start` differ.

    Both bottoms get `pad` zeros around them. The upper left corners of the patches, kernel_size x kernel_size, of the
    first are `stride_1` apart, and start at the margin.
    """

    bottoms = exactly(2)

    def setup(self, bottom, top):
        param = self.param.correlation_param
        for field in ("kernel_size", "max_displacement"):
            if not param.has(field):
                raise InputError(f"its `correlation_param` has no `{field}`; give one.")
        if param.kernel_size % 2 == 0:
            raise InputError(f"`kernel_size: {param.kernel_size}` is even; give an odd one, whose patch has a centre.")
        for field in ("stride_1", "stride_2"):
            if not getattr(param, field):
                raise InputError(f"`{field}: 0` is not possible; give 1 or more.")
        self.kernel, self.reach, self.stride = param.kernel_size, param.max_displacement, param.stride_1
        self.radius = param.max_displacement // param.stride_2
        self.step = param.stride_2
        self.subtracts = param.correlation_type == "SUBTRACT"
        self.displacements: list[tuple[int, int]] = []      # known when the bottoms are seen to have room for them

    def _displacements(self) -> list[tuple[int, int]]:
        """By how many rows and columns each channel of the top displaces the patches of the second bottom."""
        raise NotImplementedError

    def margin(self) -> tuple[int, int]:
        """The zeros above and below, and those left and right."""
        raise NotImplementedError

    def start(self) -> tuple[int, int]:
        """The row and column of the padded first bottom where the first patch starts."""
        raise NotImplementedError

    def shapes(self, bottom_shapes):
        first, second = bottom_shapes
        require_images(first, self.type)
        if first != second:
            raise InputError(f"its bottoms have shapes {shape_string(first)} and {shape_string(second)}; they must "
                             "agree.")
        sides = [length + 2 * pad - 2 * start - (self.kernel - 1)
                 for length, pad, start in zip(first[2:], self.margin(), self.start())]
        sides = [math.ceil(side / self.stride) for side in sides]
        if min(sides) < 1:
            raise InputError(f"its bottoms have shape {shape_string(first)}, in which patches of `kernel_size: "
                             f"{self.kernel}` do not fit that move by `max_displacement: {self.reach}`; give more "
                             "`pad`.")
        if (2 * self.radius + 1) ** 2 > MOST_CHANNELS:
            raise InputError(f"its `max_displacement: {self.reach}` and `stride_2: {self.step}` make "
                             f"{2 * self.radius + 1} displacements along an axis, each pair of them a channel; give "
                             "less of the one or more of the other.")
        self.displacements = self._displacements()
        return [(first[0], len(self.displacements), *sides)]

    def forward(self, bottom, top):
        first, second = self._regions(bottom, top)
        maps = first.new_empty(len(first), len(self.displacements), *first.shape[2:])
        for i, displaced in enumerate(second):
            products = (first - displaced).abs() if self.subtracts else first * displaced
            torch.sum(products, 1, out=maps[:, i])
        if self.kernel == self.stride == 1:
            torch.div(maps, self._terms(bottom), out=top[0].data)
        else:
            top[0].data.copy_(functional.avg_pool2d(maps, self.kernel, self.stride, divisor_override=1))
            top[0].data.div_(self._terms(bottom))

    def backward(self, top, propagate_down, bottom):
        if not any(propagate_down):
            return
        first, second = self._regions(bottom, top)
        slopes = self._spread(top[0].diff, self._terms(bottom))
        gradients = [torch.zeros_like(self._padded(blob.data)) for blob in bottom]
        mine, theirs = self._cut(gradients[0], gradients[1], top)
        for i, (displaced, gradient) in enumerate(zip(second, theirs)):
            slope = slopes[:, i:i + 1]
            if self.subtracts:      # where both are equal, that of a rising difference, as in FlowNet2
                signed = torch.where(first >= displaced, slope, -slope)
                mine.add_(signed)
                gradient.sub_(signed)
            else:
                mine.addcmul_(slope, displaced)
                gradient.addcmul_(slope, first)
        for blob, gradient, wanted in zip(bottom, gradients, propagate_down):
            if wanted:
                rows, columns = self._padding()
                blob.diff.copy_(gradient[:, :, rows:rows + blob.shape[2], columns:columns + blob.shape[3]])

    def _terms(self, bottom) -> int:
        """Over how many products a mean is taken."""
        return self.kernel**2 * bottom[0].shape[1]

    def _spread(self, diff: torch.Tensor, terms: int) -> torch.Tensor:
        """The top's diff for each pixel of the region that its patches cover: sums where they overlap."""
        if self.kernel == self.stride == 1:
            return diff / terms
        number, channels, height, width = diff.shape
        ones = diff.new_full((1, 1, self.kernel, self.kernel), 1 / terms)
        strides = [min(self.stride, MOST_STRIDE) if count > 1 else 1 for count in (height, width)]
        spread = functional.conv_transpose2d(diff.reshape(-1, 1, height, width), ones, stride=strides)
        return spread.reshape(number, channels, *spread.shape[2:])

    def _padding(self) -> tuple[int, int]:
        """The margin, and so much more that no patch lies outside."""
        return tuple(pad + max(0, -start - min(d[axis] for d in self.displacements))    # type: ignore[return-value]
                     for axis, (pad, start) in enumerate(zip(self.margin(), self.start())))

    def _padded(self, data: torch.Tensor) -> torch.Tensor:
        rows, columns = self._padding()
        return functional.pad(data, (columns, columns, rows, rows))

    def _regions(self, bottom, top):
        first, second = (self._padded(blob.data) for blob in bottom)
        return self._cut(first, second, top)

    def _cut(self, first, second, top):
        """What all patches cover in the first padded bottom, and in the second for each displacement."""
        height, width = ((count - 1) * self.stride + self.kernel for count in top[0].shape[2:])
        row, column = (start + more - pad
                       for start, more, pad in zip(self.start(), self._padding(), self.margin()))
        return (first[:, :, row:row + height, column:column + width],
                [second[:, :, row + down:row + down + height, column + right:column + right + width]
                 for down, right in self.displacements])


@register("Correlation")
class Correlation(_Correlation):
    """top[n, d, y, x] = mean over channels and a patch of bottom0[...] * bottom1[... displaced by d], or, with
    `correlation_type: SUBTRACT`, of |bottom0[...] - bottom1[... displaced by d]|.

    The displacements are the multiples of `stride_2` up to `max_displacement`, rows before columns, each from the
    negative to the positive ones. `single_direction` is Correlation1D's, and `do_abs` changes nothing, as in the fork
    (FlowNet2's src/caffe/layers/correlation_layer.cu; its backward pass of SUBTRACT compares pixels of one place,
    where the forward pass compares displaced ones; here it is the gradient).
    """

    def _displacements(self):
        steps = [i * self.step for i in range(-self.radius, self.radius + 1)]
        return [(row, column) for row in steps for column in steps]

    def margin(self):
        return self.param.correlation_param.pad, self.param.correlation_param.pad

    def start(self):
        return self.reach, self.reach


@register("Correlation1D")
class Correlation1D(_Correlation):
    """As Correlation, with displacements and `pad` along the rows alone.

    `single_direction: 1` has those to the right, from 0 on; -1 those to the left, from one step beyond
    `max_displacement` to one step before 0, as nets of the fork are trained. What lies outside the padded bottom
    counts as 0; the fork reads the end of the row above (FlowNet2's src/caffe/layers/correlation_layer1d.cu).
    """

    @classmethod
    def unsupported(cls, param):
        direction = param.correlation_param.single_direction
        if direction in (-1, 0, 1):
            return []
        return [f"`single_direction: {direction}` is none; give -1 for the left, 1 for the right or 0 for both"]

    def _displacements(self):
        steps = {-1: range(-self.radius - 1, 0), 0: range(-self.radius, self.radius + 1), 1: range(self.radius + 1)}
        return [(0, i * self.step) for i in steps[self.param.correlation_param.single_direction]]

    def margin(self):
        return 0, self.param.correlation_param.pad

    def start(self):
        return 0, self.reach
