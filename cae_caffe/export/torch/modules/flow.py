"""FlowNet2's layers that compare images and move them."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn


class CaffeCorrelation(nn.Module):
    """How like each patch of one image is to patches around it in another: a channel for each displacement.

    The mean, over channels and a patch of `kernel_size` x `kernel_size`, of the products, or with `subtract` of the
    absolute differences, of one image with the other displaced. The displacements are the multiples of `stride_2` up to
    `max_displacement`, rows before columns; patches are `stride_1` apart; there are `pad` zeros around both images.
    """

    def __init__(self, kernel_size, max_displacement, stride_1=1, stride_2=1, pad=0, subtract=False):
        super().__init__()
        self.kernel, self.reach, self.stride, self.step = kernel_size, max_displacement, stride_1, stride_2
        self.pad, self.subtract = pad, subtract

    def displacements(self):
        """By how many rows and columns each channel of the output displaces the second image."""
        steps = self.steps(-(self.reach // self.step), self.reach // self.step)
        return [(row, column) for row in steps for column in steps]

    def steps(self, first, last):
        return [number * self.step for number in range(first, last + 1)]

    def margins(self):
        """The zeros above and below, and those left and right."""
        return self.pad, self.pad

    def start(self):
        """The row and column of the padded first image where the first patch starts."""
        return self.reach, self.reach

    def forward(self, first, second):
        displacements, starts, margins = self.displacements(), self.start(), self.margins()
        lengths = [((length + 2 * pad - 2 * start - self.kernel) // self.stride) * self.stride + self.kernel
                   for length, pad, start in zip(first.shape[2:], margins, starts)]
        # So many zeros more that nothing is displaced to outside.
        more = [max(0, -start - min(each[axis] for each in displacements)) for axis, start in enumerate(starts)]
        rows, columns = (pad + zeros for pad, zeros in zip(margins, more))
        row, column = (start + zeros for start, zeros in zip(starts, more))
        first, second = (F.pad(x, (columns, columns, rows, rows)) for x in (first, second))
        first = first[:, :, row:row + lengths[0], column:column + lengths[1]]
        compared = []
        for down, right in displacements:
            displaced = second[:, :, row + down:row + down + lengths[0], column + right:column + right + lengths[1]]
            compared.append(self.compare(first, displaced).sum(1))
        sums = torch.stack(compared, 1)
        if self.kernel > 1 or self.stride > 1:
            sums = F.avg_pool2d(sums, self.kernel, self.stride, divisor_override=1)
        return sums / (self.kernel**2 * first.shape[1])

    def compare(self, first, displaced):
        if self.subtract:
            return torch.where(first >= displaced, first - displaced, displaced - first)
        return first * displaced


class CaffeCorrelation1d(CaffeCorrelation):
    """CaffeCorrelation with displacements and `pad` along the rows alone.

    With the `direction` 1 those to the right, from 0 on; with -1 those to the left, from one step beyond
    `max_displacement` to one step before 0.
    """

    def __init__(self, kernel_size, max_displacement, stride_1=1, stride_2=1, pad=0, subtract=False, direction=0):
        super().__init__(kernel_size, max_displacement, stride_1, stride_2, pad, subtract)
        self.direction = direction

    def displacements(self):
        radius = self.reach // self.step
        first, last = {-1: (-radius - 1, -1), 0: (-radius, radius), 1: (0, radius)}[self.direction]
        return [(0, column) for column in self.steps(first, last)]

    def margins(self):
        return 0, self.pad

    def start(self):
        return 0, self.reach


class CaffeFlowWarp(nn.Module):
    """An image (N, C, H, W) taken from where a flow (N, 2, H, W), columns and rows in pixels, points.

    Interpolated between four pixels; `fill` where the flow points outside, or is no number. Between the last pixel and
    the end of the image the last pixel counts.
    """

    def __init__(self, fill=0.0):
        super().__init__()
        self.fill = fill

    def forward(self, image, flow):
        height, width = image.shape[2:]
        x = flow[:, 0] + torch.arange(width, dtype=flow.dtype, device=flow.device)
        y = flow[:, 1] + torch.arange(height, dtype=flow.dtype, device=flow.device)[:, None]
        inside = (x >= 0) & (y >= 0) & (x < width) & (y < height)
        x, y = torch.where(inside, x, 0), torch.where(inside, y, 0)
        left, upper = x.detach().floor(), y.detach().floor()
        to_right, to_lower = (x - left)[:, None], (y - upper)[:, None]      # parts of a pixel
        rows = [self.row(image, left, row, to_right) for row in (upper, upper + 1)]
        return torch.where(inside[:, None], rows[0] * (1 - to_lower) + rows[1] * to_lower, self.fill)

    def row(self, image, left, row, to_right):
        """What lies in a row, (N, H, W), between its columns `left` and those behind."""
        number, channels, height, width = image.shape
        pixels, first = image.flatten(2), row.clamp(max=height - 1).long() * width
        places = [first + column.clamp(max=width - 1).long() for column in (left, left + 1)]
        found = [pixels.gather(2, place.reshape(number, 1, -1).expand(-1, channels, -1)).reshape(image.shape)
                 for place in places]
        return found[0] * (1 - to_right) + found[1] * to_right
