"""How pooling windows lie over an image, and how each method pools them (src/caffe/layers/pooling_layer.cpp and .cu).

PyTorch's kernels do the work wherever their windows are Caffe's. Two rules of Caffe's are not theirs: the padding may
reach almost the kernel's length, and without padding the last window may begin behind the image. For these the image
is padded first, just as far as its windows reach.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from . import chunks
from .blob import Shape
from .lowering.buffers import Scratch
from .non_finite import may_hold_non_finite

aten = torch.ops.aten

LEAST_CHANNELS = 4      # with which it pays to store them last
LOWEST = torch.finfo(torch.float32).min       # the maximum of no values at all
NOWHERE = -1            # its place


@dataclass(frozen=True)
class Windows:
    """The windows over images of `size`; each field has a number for each axis, for rows and for columns."""

    size: Shape
    kernel: Shape
    stride: Shape
    pad: Shape
    rounds_up: bool             # whether a window that reaches beyond the padding counts (`round_mode: CEIL`)
    dilation: Shape = (1, 1)    # from one value of a window to the next

    @property
    def are_of_images(self) -> bool:
        """Whether they have two axes, for which the fast methods are."""
        return len(self.size) == 2

    @property
    def extent(self) -> Shape:
        """How far a window reaches."""
        return tuple((kernel - 1) * dilation + 1 for kernel, dilation in zip(self.kernel, self.dilation))

    @property
    def are_dilated(self) -> bool:
        return max(self.dilation) > 1

    @property
    def number(self) -> Shape:
        """How many windows there are."""
        return tuple(self._number(axis, clips=any(self.pad)) for axis in range(len(self.size)))

    def _number(self, axis: int, clips: bool) -> int:
        # Caffe divides as float32, which is exact where it matters, and rounds towards the mode's side.
        space = (self.size[axis] + 2 * self.pad[axis] - self.extent[axis]) / self.stride[axis]
        number = (math.ceil(space) if self.rounds_up else math.floor(space)) + 1
        begins_behind = (number - 1) * self.stride[axis] >= self.size[axis] + self.pad[axis]
        return number - 1 if clips and begins_behind else number

    @property
    def are_native(self) -> bool:
        """Whether PyTorch's own pooling has the same windows."""
        return (not self.are_dilated and all(2 * pad <= kernel for pad, kernel in zip(self.pad, self.kernel))
                and self.number == tuple(self._number(axis, clips=self.rounds_up) for axis in (0, 1)))

    @property
    def are_whole_image(self) -> bool:
        """Whether there is one window, and it is the image."""
        return self.kernel == self.size and self.pad == (0, 0) and not self.are_dilated

    @property
    def arguments(self) -> tuple:
        """Kernel, stride and padding for PyTorch's pooling: of the image itself, or of the padded one."""
        return self.kernel, self.stride, self.pad if self.are_native else (0, 0)

    def padded(self, image: torch.Tensor, value: float) -> torch.Tensor:
        """The image with `value` around it, cut or filled up to what the windows cover."""
        return F.pad(image, self._borders(), value=value)

    def cropped(self, padded: torch.Tensor, target: torch.Tensor) -> None:
        """The way back of `padded`: write the image's part into `target`, zero where no window reaches."""
        target.copy_(F.pad(padded, [-length for length in self._borders()]))

    def _borders(self) -> list[int]:
        """How far the windows reach beyond the image, before and behind it, the last axis first."""
        pairs = zip(reversed(self.pad), reversed(self._behind()))
        return [length for pair in pairs for length in pair]

    def _behind(self) -> Shape:
        return tuple((number - 1) * stride + extent - size - pad for number, stride, extent, size, pad
                     in zip(self.number, self.stride, self.extent, self.size, self.pad))

    def patches(self, image: torch.Tensor) -> torch.Tensor:
        """The values of each window, zeros in the padding: (N, C, rows, columns, values of a window)."""
        windows = self.padded(image, 0)
        for axis, (extent, stride, dilation) in enumerate(zip(self.extent, self.stride, self.dilation)):
            windows = windows.unfold(2 + axis, extent, stride)[..., ::dilation]
        return windows.flatten(2 + len(self.size))

    def areas(self) -> torch.Tensor:
        """By what Caffe's average divides, (rows, columns) of windows: the values in each, those of the padding
        included, those beyond it not. A window that begins just behind the image has none.
        """
        lengths = (torch.tensor([math.ceil((min(start + extent, size + pad) - start) / dilation)
                                 for start in range(-pad, number * stride - pad, stride)], dtype=torch.float32)
                   for number, stride, extent, size, pad, dilation
                   in zip(self.number, self.stride, self.extent, self.size, self.pad, self.dilation))
        return functools.reduce(lambda areas, length: areas.unsqueeze(-1) * length, lengths)


class _FastOrder:
    """The order in which PyTorch's kernels pool fastest.

    On the CPU they are several times faster with the channels last, also counting the copies to and from it; except
    for windows of whole images.
    """

    def __init__(self, windows: Windows, scratch: Scratch):
        self._helps = not windows.are_whole_image
        self._scratch = scratch

    def copy(self, role: str, tensor: torch.Tensor) -> torch.Tensor:
        """The tensor in that order; itself, if it needs no other."""
        room = self.room(role, tensor)
        return room if room is tensor else room.copy_(tensor)

    def room(self, role: str, tensor: torch.Tensor) -> torch.Tensor:
        """Memory to write what the tensor is to hold, for `deliver` to take there; or the tensor itself."""
        if not self._helps or tensor.device.type != "cpu" or tensor.shape[1] < LEAST_CHANNELS:
            return tensor
        batch, channels, height, width = tensor.shape
        return self._scratch.take(role, (batch, height, width, channels), tensor).permute(0, 3, 1, 2)

    def deliver(self, room: torch.Tensor, tensor: torch.Tensor) -> None:
        if room is not tensor:
            tensor.copy_(room)


class MaxPooling:
    """The largest value of each window; of several, the first gets the gradient.

    As in Caffe, a value counts if it is above LOWEST: not minus infinity, nor what is no number. A window without one
    gives LOWEST, and no value gets its gradient (in Caffe, that before the image's first in memory).
    """

    def __init__(self, windows: Windows, scratch: Scratch):
        self._windows = windows
        self._native = windows.are_native
        self._order = _FastOrder(windows, scratch)
        self._arguments = (*windows.arguments, windows.dilation, self._native and windows.rounds_up)
        self._indices = torch.empty(0, dtype=torch.int64)       # of the top's shape, from the first forward pass on

    def forward(self, bottom: torch.Tensor, top: torch.Tensor) -> None:
        if self._indices.shape != top.shape:
            self._indices = torch.empty(top.shape, dtype=torch.int64, device=top.device)
        for part, out, indices in chunks.along_batch(bottom, top, self._indices):
            image = self._order.copy("image", part)
            if not self._native:
                image = self._windows.padded(image, LOWEST)
            maxima, places = self._order.room("pooled", out), self._order.room("places", indices)
            aten.max_pool2d_with_indices.out(image, *self._arguments, out=maxima, indices=places)
            if may_hold_non_finite(maxima):      # of which PyTorch passes on what does not count
                image = torch.nan_to_num(image, LOWEST, posinf=math.inf, neginf=LOWEST)
                aten.max_pool2d_with_indices.out(image, *self._arguments, out=maxima, indices=places)
                places.masked_fill_(maxima == LOWEST, NOWHERE)
            self._order.deliver(maxima, out)
            self._order.deliver(places, indices)

    def backward(self, top_diff: torch.Tensor, bottom: torch.Tensor, bottom_diff: torch.Tensor) -> None:
        backward = aten.max_pool2d_with_indices_backward
        if self._native:
            backward.grad_input(top_diff, bottom, *self._arguments, self._indices, grad_input=bottom_diff)
        else:
            image = self._windows.padded(bottom, LOWEST)
            self._windows.cropped(backward(top_diff, image, *self._arguments, self._indices), bottom_diff)

    def mask(self) -> torch.Tensor:
        """For each window the place of its maximum within its image, row by row; -1 where it lies beside it."""
        if self._native:
            return self._indices
        (height, width), (above, left) = self._windows.size, self._windows.pad
        padded_width = self._windows.padded(torch.empty(1, 1, height, width), 0).shape[3]
        row = torch.div(self._indices, padded_width, rounding_mode="floor") - above
        column = self._indices % padded_width - left
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        return torch.where(inside, row * width + column, NOWHERE)


class AveragePooling:
    """The sum of each window, divided by its area within image and padding."""

    def __init__(self, windows: Windows, scratch: Scratch):
        self._windows = windows
        self._native = windows.are_native
        self._order = _FastOrder(windows, scratch)
        counts_padding = True
        if self._native:
            self._arguments = (*windows.arguments, windows.rounds_up, counts_padding, None)
        else:
            self._arguments = (*windows.arguments, False, counts_padding, 1)
            self._areas = windows.areas()

    def forward(self, bottom: torch.Tensor, top: torch.Tensor) -> None:
        if self._windows.are_whole_image:
            torch.mean(bottom, (2, 3), keepdim=True, out=top)
            return
        for part, out in chunks.along_batch(bottom, top):
            image, averages = self._order.copy("image", part), self._order.room("pooled", out)
            if not self._native:
                image = self._windows.padded(image, 0)
            aten.avg_pool2d.out(image, *self._arguments, out=averages)
            if not self._native:
                averages.div_(self._areas.to(averages.device))
            self._order.deliver(averages, out)

    def backward(self, top_diff: torch.Tensor, bottom: torch.Tensor, bottom_diff: torch.Tensor) -> None:
        if self._windows.are_whole_image:
            bottom_diff.copy_(top_diff / math.prod(self._windows.size))
            return
        backward = aten.avg_pool2d_backward
        for out, part in chunks.along_batch(bottom_diff, top_diff):
            diff, image = self._order.copy("pooled", part), self._order.room("image", out)
            if self._native:
                # Of the image itself only the shape counts, so that it can be the place to write.
                backward.grad_input(diff, image, *self._arguments, grad_input=image)
                self._order.deliver(image, out)
            else:
                shares = diff / self._areas.to(diff.device)
                self._windows.cropped(backward(shares, self._windows.padded(image, 0), *self._arguments), out)


class StochasticPooling:
    """One value of each window, drawn with a probability in proportion to it; in the test phase their so weighted mean.

    Caffe pools so on a GPU only, with numbers that cuRAND draws; here they come from Caffe's own stream, one for each
    value of the top. Values must not be negative. `draw(count)` gives numbers from 0 to 1; None: the test phase.
    """

    def __init__(self, windows: Windows, draw=None):
        self._windows, self._draw = windows, draw
        self._chosen = torch.empty(0, dtype=torch.int64)

    def forward(self, bottom: torch.Tensor, top: torch.Tensor) -> None:
        patches = self._windows.patches(bottom)
        if self._draw is not None:
            drawn = torch.from_numpy(self._draw(top.numel())).to(bottom.device).view(*top.shape, 1)
            sums = patches.cumsum(-1)
            # The first whose running sum reaches the drawn part of the total.
            self._chosen = (sums >= drawn * sums[..., -1:]).to(torch.uint8).argmax(-1, keepdim=True)
        top.copy_(self._pooled(patches))

    def backward(self, top_diff: torch.Tensor, bottom: torch.Tensor, bottom_diff: torch.Tensor) -> None:
        image = bottom.detach().requires_grad_()
        with torch.enable_grad():
            pooled = self._pooled(self._windows.patches(image))
        bottom_diff.copy_(torch.autograd.grad(pooled, image, top_diff)[0])

    def _pooled(self, patches: torch.Tensor) -> torch.Tensor:
        if self._draw is not None:
            return patches.gather(-1, self._chosen).squeeze(-1)
        totals = patches.sum(-1)
        weighted = (patches * patches).sum(-1)
        return torch.where(totals > 0, weighted / totals.where(totals > 0, 1), 0)
