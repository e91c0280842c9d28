"""Caffe's blob: an array `data` and the array `diff` of its gradients, of one shape, allocated when first used.

Both live in a `Memory`, which blobs can share, as Caffe's SyncedMemory. A memory knows three states in which its
values are not where they should be yet, so that work nobody looks at is never done:

* deferred: a function will compute the values when somebody reads them (a loss between two displays);
* cleared: the values are zero, but nobody has written the zeros (the gradients at the start of an iteration);
* on the host: a user got the values as a numpy array and may have changed them (on an accelerator only; on the CPU
  the numpy array and the tensor are one memory).
"""

from __future__ import annotations

import math
from typing import Callable, TypeVar

import numpy as np
import torch

from ..errors import InputError
from . import device as devices
from . import out_of_memory

# Caffe's limits (src/caffe/blob.cpp).
MAX_AXES = 32
MAX_COUNT = 2**31 - 1

Shape = tuple[int, ...]
Array = TypeVar("Array", np.ndarray, torch.Tensor)


class Memory:
    """A flat float tensor with a capacity, zero at first, that one or several blobs look at."""

    __slots__ = ("_cleared", "deferred", "flat", "host", "unsettled")

    def __init__(self, flat: torch.Tensor):
        self.flat = flat
        self.host: np.ndarray | None = None
        self.unsettled = False
        self.deferred: Callable[[], None] | None = None
        self._cleared = False

    @classmethod
    def zeros(cls, count: int, device: torch.device) -> Memory:
        out_of_memory.check(count, device)
        return cls(torch.zeros(count, dtype=torch.float32, device=device))

    def defer(self, compute: Callable[[], None]) -> None:
        """Let `compute` write the values when somebody reads them; it replaces what was deferred before."""
        self.deferred, self._cleared, self.unsettled, self.host = compute, False, True, None

    def clear(self) -> None:
        """Make the values zero, without writing the zeros yet."""
        self.deferred, self._cleared, self.unsettled, self.host = None, True, True, None

    def take_for_writing(self) -> bool:
        """Settle the memory for a writer; returns whether the values were cleared.

        After True the writer must overwrite every value; after False it may add to them.
        """
        if self._cleared:
            self._cleared = self.unsettled = False
            self.host = None
            return True
        self.settle()
        return False

    def settle(self) -> None:
        """Bring the values to where they belong."""
        self.unsettled = False
        if self.host is not None:
            self.flat.copy_(torch.from_numpy(self.host))
            self.host = None
        if self._cleared:
            self._cleared = False
            self.flat.zero_()
        if self.deferred is not None:
            compute, self.deferred = self.deferred, None
            compute()

    def on_host(self) -> np.ndarray:
        """The values as a flat numpy array; what is written there is seen by the next reader of the tensor."""
        if self.flat.device.type == "cpu":
            if self.unsettled:
                self.settle()
            return self.flat.numpy()
        if self.host is None:
            if self.unsettled:
                self.settle()
            self.host = self.flat.cpu().numpy()
            self.unsettled = True
        return self.host


def view_as(flat: Array, shape: Shape, rows_first: bool) -> Array:
    """A flat tensor or array seen in `shape`; `rows_first` ones are stored (H, N, C, W) and seen as (N, C, H, W)."""
    count = math.prod(shape)
    if not rows_first:
        return flat[:count].reshape(shape)
    n, c, h, w = shape
    stored = flat[:count].reshape(h, n, c, w)
    return stored.permute(1, 2, 0, 3) if isinstance(stored, torch.Tensor) else stored.transpose(1, 2, 0, 3)


class Blob:
    """An array `data` and its gradients `diff`, both float32 torch tensors of `shape` (any number of axes up to 32).

    `rows_first` blobs have four axes and store their rows outermost, which the lowered convolutions work on; their
    tensors are the same to a reader, only strided.
    """

    __slots__ = ("_capacity", "_data", "_data_view", "_device", "_diff", "_diff_view", "_rows_first", "_shape")

    _data_view: torch.Tensor | None         # the memory in the blob's shape, while that shape lasts
    _diff_view: torch.Tensor | None

    def __init__(self, shape: Shape = ()):
        self._device = devices.current()
        self._capacity = -1
        self._rows_first = False
        self._data: Memory | None = None
        self._diff: Memory | None = None
        self.reshape(shape)

    @property
    def shape(self) -> Shape:
        return self._shape

    @property
    def count(self) -> int:
        """How many values the blob holds; 1 for a scalar, whose shape is ()."""
        return math.prod(self._shape)

    @property
    def rows_first(self) -> bool:
        return self._rows_first

    def store_rows_first(self, wanted: bool = True) -> None:
        """Choose how a blob of four axes is stored. Call it before the blob is used: values are not moved."""
        if wanted != self._rows_first:
            self._rows_first = wanted
            self._data_view = self._diff_view = None

    def reshape(self, shape: Shape) -> None:
        """Change the shape; the memory is kept while the new shape fits into it, as in Caffe.

        Raises InputError for more than 32 axes, a negative length, or more than 2**31 - 1 values.
        """
        shape = tuple(int(length) for length in shape)
        count = math.prod(shape)
        if len(shape) > MAX_AXES or count > MAX_COUNT or any(length < 0 for length in shape):
            raise InputError(f"A blob of shape {shape_string(shape)} is impossible: Caffe's blobs have at most "
                             f"{MAX_AXES} axes of no negative length, and at most {MAX_COUNT} values; use a smaller "
                             "batch or split the input.")
        self._shape = shape
        self._data_view = self._diff_view = None
        if len(shape) != 4:
            self._rows_first = False
        if count > self._capacity:
            self._capacity = count
            self._data = self._diff = None

    @property
    def data(self) -> torch.Tensor:
        memory = self._data
        if memory is None:
            memory = self.data_memory
        if memory.unsettled:
            memory.settle()
        view = self._data_view
        if view is None:
            view = self._data_view = view_as(memory.flat, self._shape, self._rows_first)
        return view

    @property
    def diff(self) -> torch.Tensor:
        memory = self._diff
        if memory is None:
            memory = self.diff_memory
        if memory.unsettled:
            memory.settle()
        return self._view_of_diff(memory)

    def _view_of_diff(self, memory: Memory) -> torch.Tensor:
        view = self._diff_view
        if view is None:
            view = self._diff_view = view_as(memory.flat, self._shape, self._rows_first)
        return view

    @property
    def data_memory(self) -> Memory:
        if self._data is None:
            self._data = Memory.zeros(self._capacity, self._device)
        return self._data

    @property
    def diff_memory(self) -> Memory:
        if self._diff is None:
            self._diff = Memory.zeros(self._capacity, self._device)
        return self._diff

    def settle(self) -> None:
        """Compute now what was deferred until somebody reads the data."""
        if self._data is not None and self._data.unsettled:
            self._data.settle()

    @property
    def place_in_memory(self) -> tuple[Shape, Memory | None, Memory | None]:
        """The shape and both memories: as long as these are the same, so are the tensors `data` and `diff`."""
        return self._shape, self._data, self._diff

    def take_from_host(self) -> None:
        """Bring what a user may have changed in numpy arrays back to the device now."""
        for memory in (self._data, self._diff):
            if memory is not None and memory.host is not None:
                memory.settle()

    @property
    def has_diff(self) -> bool:
        """Whether anybody has asked for the gradients yet; before that they are zero and take no memory."""
        return self._diff is not None

    def diff_to_add_to(self) -> tuple[torch.Tensor, bool]:
        """The gradients for a writer, and whether it must add to them (True) or overwrite them all (False)."""
        memory = self.diff_memory
        cleared = memory.take_for_writing() if memory.unsettled else False
        return self._view_of_diff(memory), not cleared

    def clear_diff(self) -> None:
        self.diff_memory.clear()

    def host_data(self) -> np.ndarray:
        """`data` as a numpy array of `shape`, through which the values can be changed."""
        return view_as(self.data_memory.on_host(), self._shape, self._rows_first)

    def host_diff(self) -> np.ndarray:
        """`diff` as a numpy array of `shape`, through which the values can be changed."""
        return view_as(self.diff_memory.on_host(), self._shape, self._rows_first)

    def share_data(self, other: Blob) -> None:
        """Look at the other blob's data from now on, in this blob's own shape; the counts must agree."""
        if self._data is not other.data_memory:
            self._data, self._data_view = other.data_memory, None
        self._adopt_order(other)

    def share_diff(self, other: Blob) -> None:
        """Look at the other blob's diff from now on, in this blob's own shape; the counts must agree."""
        if self._diff is not other.diff_memory:
            self._diff, self._diff_view = other.diff_memory, None
        self._adopt_order(other)

    def _adopt_order(self, other: Blob) -> None:
        self._capacity = max(self._capacity, self.count)
        if len(self._shape) == 4 and self._shape == other._shape:
            self.store_rows_first(other._rows_first)

    def place(self, data: torch.Tensor, diff: torch.Tensor) -> None:
        """Move the values into the given flat tensors of `count` values each, which stay in use from now on."""
        data.copy_(self.data.reshape(-1))
        diff.copy_(self.diff.reshape(-1))
        self._data, self._diff = Memory(data), Memory(diff)
        self._data_view = self._diff_view = None
        self._capacity = self.count

    def __repr__(self) -> str:
        return f"Blob({shape_string(self._shape)})"


def in_rows(tensor: torch.Tensor) -> torch.Tensor:
    """The tensor as (N, values of a row), a copy only where it is stored in another order; N may be 0."""
    return tensor.reshape(tensor.shape[0], math.prod(tensor.shape[1:]))


def require_images(shape: Shape, taker: str) -> None:
    """Raises InputError unless a bottom of this shape holds images (N, C, H, W), with pixels; `taker` takes them."""
    if len(shape) != 4:
        raise InputError(f"its bottom has shape {shape_string(shape)}, and {taker} takes images of 4 axes (number, "
                         "channels, height, width); put a Reshape layer before it.")
    if 0 in shape[1:]:
        raise InputError(f"its bottom has shape {shape_string(shape)}, images without a pixel; give all axes but the "
                         "number a length of at least 1.")


def shape_string(shape: Shape) -> str:
    """A shape as Caffe's log prints it: `100 1 28 28 (78400)`."""
    return "".join(f"{length} " for length in shape) + f"({math.prod(shape)})"


def canonical_axis(axis: int, shape: Shape) -> int:
    """`axis`, which counts from the end where it is negative, as a number from 0 (Blob::CanonicalAxisIndex).

    Raises InputError if a blob of `shape` has no such axis.
    """
    if not -len(shape) <= axis < len(shape):
        raise InputError(f"axis {axis} is out of range for a blob of {len(shape)} axes, shape {shape_string(shape)}; "
                         f"give one from {-len(shape)} to {len(shape) - 1}.")
    return axis % len(shape)
