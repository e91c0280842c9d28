"""What the layers have in common that make batches of images and labels, as Caffe's prefetching data layers do."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import ClassVar, NamedTuple

import numpy as np
import torch

from ...errors import InputError
from .. import device as devices
from .. import log
from ..data_transformer import DataTransformer
from ..layer import Layer, exactly


class Example(NamedTuple):
    """An image (channels, height, width) of uint8 or float32, its label, and what it is called in error messages."""

    image: np.ndarray
    label: int
    what: str
    is_last: bool       # after it they begin again


class Batch(NamedTuple):
    """Float32 tensors in the machine's memory, and how often the examples began again after one of these."""

    data: torch.Tensor      # (n, channels, height, width)
    labels: torch.Tensor    # (n,)
    restarts: int


class BatchLayer(Layer):
    """Feeds batches of transformed images, and their labels if it has a second top.

    `field` names the message of its parameters, which has a `batch_size`. A batch has the size of its first image, or of the crop. The next batch is made in a thread while the net computes,
    as in Caffe; the thread alone reads and draws, from generators of its own, so the batches do not depend on when it
    runs (src/caffe/layers/base_data_layer.cpp).
    """

    bottoms = exactly(0)
    field: ClassVar[str]
    size_place: ClassVar[str]       # where Caffe logs the size of the batches

    def open(self) -> tuple[int, int, int]:
        """Open what the examples come from; returns the shape of the first image, transformed."""
        raise NotImplementedError

    def example(self) -> Example:
        """The next example. Called by one thread at a time."""
        raise NotImplementedError

    def log_restarts(self, number: int) -> None:
        """Log what Caffe logs where the examples begin again."""

    def setup(self, bottom, top):
        self.transformer = DataTransformer(self.param.transform_param, self.context.phase)
        # Caffe seeds the transformer here, and again when it starts the thread; the words of the first seed are lost.
        self.transformer.draw_seed(self.context.stream)
        self.options = getattr(self.param, self.field)
        self.batch = self.options.batch_size
        if self.batch < 1:
            raise InputError(f"its `batch_size` is {self.batch}; give at least 1.")
        shape = (self.batch,) + self.open()
        for blob, blob_shape in zip(top, (shape, (self.batch,))):
            blob.reshape(blob_shape)
        log.info(self.size_place, f"output data size: {','.join(map(str, shape))}")
        self.transformer.draw_seed(self.context.stream)
        self.context.stream().word()        # Caffe seeds the thread's own stream with it, from which nothing is drawn
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix=self.name)
        self._next: Future[Batch] | None = None
        self._pins = devices.current().type == "cuda"

    def reshape(self, bottom, top):
        """The tops' shapes are those of the batch, whatever that is."""

    def forward(self, bottom, top):
        batch = self._make() if self._next is None else self._next.result()
        self._next = self._worker.submit(self._make)
        self.log_restarts(batch.restarts)
        for blob, values in zip(top, batch):
            blob.reshape(values.shape)
            blob.data.copy_(values, non_blocking=self._pins)

    def backward(self, top, propagate_down, bottom):
        pass

    def _make(self) -> Batch:
        example = self.example()
        shape = (self.batch,) + self.transformer.shape(example.image, example.what)
        # Memory is taken anew for each batch, for a copy of it to the GPU may still be under way when the next is made.
        data, labels = (torch.empty(s, pin_memory=self._pins) for s in (shape, shape[:1]))
        images, numbers = data.numpy(), labels.numpy()
        restarts = 0
        for i in range(self.batch):
            if i:
                example = self.example()
            self.transformer.transform(example.image, images[i], example.what)
            numbers[i] = example.label
            restarts += example.is_last
        return Batch(data, labels, restarts)
