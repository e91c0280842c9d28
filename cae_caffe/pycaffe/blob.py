"""A blob as pycaffe shows it: numpy views of data and diff, through which the net's values can be changed."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ..engine import blob as engine


class Blob:
    """`data` and `diff` are float32 numpy arrays of `shape`; what is written into them is what the net computes with.

    On the CPU they are views of the blob's own memory. On an accelerator they are copies that the next use of the
    blob by the net takes up; ask for them again after the net has run.
    """

    # Whether anybody in this process has asked for gradients, and may still hold the array.
    diffs_were_read: ClassVar[bool] = False

    def __init__(self, blob: engine.Blob):
        self._blob = blob

    @property
    def data(self) -> np.ndarray:
        return self._blob.host_data()

    @property
    def diff(self) -> np.ndarray:
        Blob.diffs_were_read = True
        return self._blob.host_diff()

    @property
    def shape(self) -> tuple[int, ...]:
        return self._blob.shape

    @property
    def count(self) -> int:
        return self._blob.count

    def reshape(self, *shape: int) -> None:
        """Change the shape. For a net's input, call `net.reshape()` or `net.forward()` afterwards."""
        self._blob.reshape(shape)

    def _legacy(self, axis: int) -> int:
        shape = self._blob.shape
        if len(shape) > 4:
            raise RuntimeError(f"num, channels, height and width are of blobs with at most 4 axes, and this one has "
                               f"shape {engine.shape_string(shape)}; use `shape`.")
        return shape[axis] if axis < len(shape) else 1

    @property
    def num(self) -> int:
        return self._legacy(0)

    @property
    def channels(self) -> int:
        return self._legacy(1)

    @property
    def height(self) -> int:
        return self._legacy(2)

    @property
    def width(self) -> int:
        return self._legacy(3)
