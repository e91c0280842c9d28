"""Between a layer's tensors and the matrices that its kernel multiplies."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch

from .buffers import Scratch
from .geometry import Extent

#: Which of (N, C, H, W) comes first, second, ... in memory.
ROWS_FIRST = (2, 0, 1, 3)
BATCH_FIRST = (0, 1, 2, 3)
_CHANNEL = 1


class Frame(NamedTuple):
    """The pixels of one side that the kernels reach, with the border before and after the image."""

    height: int
    width: int
    phases: int = 1             # row h of the frame is row h // phases of phase h % phases
    pad: tuple[int, int] = (0, 0)

    @property
    def rows(self) -> int:
        """Rows of each phase; the last one of the later phases may lie outside of the frame."""
        return -(-self.height // self.phases)


class Packing:
    """One side of a layer, (N, C, H, W), as a matrix whose rows are the first dimension of `order`.

    If the tensor lies in memory in that order and the frame is its own extent, the matrix is a view of it. Otherwise
    the pixels inside the frame are copied, and the border is zero. Within a matrix row the phases come before the
    channels.
    """

    def __init__(self, batch: int, extent: Extent, order: tuple[int, ...], frame: Frame, like: torch.Tensor) -> None:
        self._order = order
        self._whole = frame == Frame(extent.height, extent.width)
        self._sizes = _physical_sizes(batch, extent.channels, order, frame)
        self._parts = _parts(extent, frame)
        self._covers = self._whole or (sum(part.height for part in self._parts) == extent.height and all(
            part.width == extent.width for part in self._parts))
        self._like = like
        self._padded: torch.Tensor | None = None

    def view(self, tensor: torch.Tensor) -> torch.Tensor | None:
        """The matrix as a view of `tensor`, or None if it takes a copy."""
        if not self._whole:
            return None
        physical = tensor.permute(self._order)
        return physical.view(physical.shape[0], -1) if physical.is_contiguous() else None

    def load(self, tensor: torch.Tensor) -> torch.Tensor:
        """The matrix of what `tensor` holds, valid until the next load; not to be written."""
        view = self.view(tensor)
        if view is not None:
            return view
        if self._padded is None:
            self._padded = self._like.new_zeros(self._sizes)
        for inside, outside in self._pairs(self._padded, tensor):
            inside.copy_(outside)
        return self._padded.view(self._sizes[0], -1)

    def write(self, tensor: torch.Tensor, scratch: Scratch, compute: Callable[[torch.Tensor], object]) -> None:
        """Have `compute` write the matrix of what `tensor` is to hold; pixels that no kernel reaches become zero."""
        view = self.view(tensor)
        if view is not None:
            compute(view)
            return
        matrix = scratch.take("packing", self._sizes, self._like)
        compute(matrix.view(self._sizes[0], -1))
        if not self._covers:
            tensor.zero_()
        for inside, outside in self._pairs(matrix, tensor):
            outside.copy_(inside)

    def _pairs(self, buffer: torch.Tensor, tensor: torch.Tensor):
        """For each phase, the same pixels in the buffer and in the tensor, both as (N, C, H, W)."""
        phase_axis = self._order.index(_CHANNEL)
        inverse = [self._order.index(axis) for axis in range(4)]
        for phase, part in enumerate(self._parts):
            yield part.of_buffer(buffer.select(phase_axis, phase).permute(inverse)), part.of_tensor(tensor)


class _Part(NamedTuple):
    """The pixels of one phase that lie inside the frame."""

    row: int           # first row in the buffer
    column: int
    first: int         # first row in the tensor
    step: int
    height: int
    width: int

    def of_buffer(self, buffer: torch.Tensor) -> torch.Tensor:
        return buffer[:, :, self.row:self.row + self.height, self.column:self.column + self.width]

    def of_tensor(self, tensor: torch.Tensor) -> torch.Tensor:
        return tensor[:, :, self.first::self.step, :self.width][:, :, :self.height]


def _physical_sizes(batch: int, channels: int, order: tuple[int, ...], frame: Frame) -> tuple[int, ...]:
    """The buffer's dimensions in memory: those of `order`, with the phases just before the channels."""
    logical = ((batch,), (frame.phases, channels), (frame.rows,), (frame.width,))
    return tuple(size for axis in order for size in logical[axis])


def _parts(extent: Extent, frame: Frame) -> list[_Part]:
    height, width = (max(0, min(size, reach - pad)) for size, reach, pad in
                     zip((extent.height, extent.width), (frame.height, frame.width), frame.pad))
    parts = []
    for phase in range(frame.phases):
        row = max(0, -(-(frame.pad[0] - phase) // frame.phases))
        first = row * frame.phases + phase - frame.pad[0]
        count = max(0, -(-(height - first) // frame.phases))
        parts.append(_Part(row, frame.pad[1], first, frame.phases, count, width))
    return parts
