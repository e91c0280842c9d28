"""MemoryData: batches of arrays that the user hands over."""

from __future__ import annotations

import numpy as np
import torch

from ...errors import InputError
from .. import log
from ..data_transformer import DataTransformer
from ..layer import Layer, between, exactly
from .registry import register


@register("MemoryData")
class MemoryData(Layer):
    """Batches of the arrays of `set_arrays` in their order, starting again at the end.

    `dim` gives the shape of a batch of any number of axes, and then the labels may be left out (naibaf7's Caffe).
    A transform_param has no effect on them, but may take a word of Caffe's stream
    (src/caffe/layers/memory_data_layer.cpp).
    """

    bottoms = exactly(0)
    tops = exactly(2)

    def setup(self, bottom, top):
        DataTransformer(self.param.transform_param, self.param.phase).draw_seed(self.context.stream)
        shape = batch_shape(self.param.memory_data_param)
        if min(shape) < 1:
            if self.param.memory_data_param.dim:
                raise InputError(f"its `dim`s are {', '.join(map(str, shape))}; give each at least 1.")
            raise InputError(f"its `batch_size`, `channels`, `height` and `width` are {shape[0]}, {shape[1]}, "
                             f"{shape[2]} and {shape[3]}; give all four, each at least 1.")
        self.batch, self._label_shape = shape[0], (shape[0], *[1] * (len(shape) - 1))
        self._arrays: tuple[np.ndarray, np.ndarray] | None = None
        self._first = 0
        for blob, blob_shape in zip(top, (shape, shape[:1])):
            blob.reshape(blob_shape)

    def counts(self):
        return self.bottoms, between(1, 2) if self.param.memory_data_param.dim else self.tops

    def reshape(self, bottom, top):
        """The tops' shapes are those of the batches."""

    def set_arrays(self, data: np.ndarray, labels: np.ndarray) -> None:
        """Feed `data` (n, channels, height, width) and `labels` (n values), float32, n a multiple of the batch size.

        With `dim` the data have its axes. The arrays are read when their turn comes, so what is written into them until
        then is seen.
        """
        if self.param.has("transform_param"):
            log.warning("memory_data_layer.cpp:90", "MemoryData does not transform array data on Reset()")
        self._arrays = data, labels.reshape(-1)
        self._first = 0

    def forward(self, bottom, top):
        if self._arrays is None:
            raise InputError("it has no data yet; hand them over with net.set_input_arrays(data, labels).")
        data, labels = self._arrays
        rows = slice(self._first, self._first + self.batch)
        top[0].data.copy_(torch.from_numpy(data[rows]))
        if len(top) > 1:
            top[1].reshape(self._label_shape)
            top[1].data.copy_(torch.from_numpy(labels[rows]).view(top[1].shape))
        self._first = (self._first + self.batch) % len(data)

    def backward(self, top, propagate_down, bottom):
        pass


def batch_shape(param) -> tuple[int, ...]:
    """The shape of a batch by a view of a MemoryDataParameter."""
    return tuple(param.dim) or (param.batch_size, param.channels, param.height, param.width)
