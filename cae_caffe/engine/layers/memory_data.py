"""MemoryData: batches of arrays that the user hands over."""

from __future__ import annotations

import numpy as np
import torch

from ...errors import InputError
from .. import log
from ..data_transformer import DataTransformer
from ..layer import Layer, exactly
from .registry import register


@register("MemoryData")
class MemoryData(Layer):
    """Batches of the arrays of `set_arrays` in their order, starting again at the end.

    A transform_param has no effect on them, but may take a word of Caffe's stream
    (src/caffe/layers/memory_data_layer.cpp). `dim` gives the shape of a batch of any number of axes, in the place of
    `batch_size`, `channels`, `height` and `width` (naibaf7/caffe's file of that name).
    """

    bottoms = exactly(0)
    tops = exactly(2)

    def setup(self, bottom, top):
        DataTransformer(self.param.transform_param, self.param.phase).draw_seed(self.context.stream)
        param = self.param.memory_data_param
        shape = param.dim or (param.batch_size, param.channels, param.height, param.width)
        if param.dim and min(shape) < 1:
            raise InputError(f"its `dim` are {list(shape)}; each must be at least 1.")
        if min(shape) < 1:
            raise InputError(f"its `batch_size`, `channels`, `height` and `width` are {shape[0]}, {shape[1]}, "
                             f"{shape[2]} and {shape[3]}; give all four, each at least 1.")
        self.batch, self.row = shape[0], shape[1:]
        self._arrays: tuple[np.ndarray, np.ndarray] | None = None
        self._first = 0
        top[0].reshape((self.batch,) + self.row)
        top[1].reshape((self.batch,))

    def reshape(self, bottom, top):
        """The tops' shapes are those of the batches."""

    def set_arrays(self, data: np.ndarray, labels: np.ndarray) -> None:
        """Feed `data` (n, channels, height, width), or (n, and `dim` but for the first), and `labels` (n values).

        Both are float32, and n is a multiple of the batch size. They are read when their turn comes, so what is written
        into them until then is seen.
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
        top[1].reshape((self.batch,) + (1,) * len(self.row))
        top[0].data.copy_(torch.from_numpy(data[rows]))
        top[1].data.copy_(torch.from_numpy(labels[rows]).view(top[1].shape))
        self._first = (self._first + self.batch) % len(data)

    def backward(self, top, propagate_down, bottom):
        pass
