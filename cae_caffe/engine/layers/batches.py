"""What the layers have in common that make batches of images and labels, as Caffe's prefetching data layers do."""

from __future__ import annotations

import math
import os
import weakref
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Callable, ClassVar, NamedTuple

import numpy as np
import torch

from ...errors import InputError
from .. import device as devices
from .. import log
from ..data_transformer import DataTransformer
from ..layer import Layer, exactly
from ..resize_policy import policies_of
from .data_source import DataSource, Place

# Values of a batch from which the next one is made in a thread even if no image has to be decoded: a small image costs
# some microseconds, and with a batch of MNIST's the thread takes more time than it saves.
MANY_VALUES = 1_000_000


# What forks add to transform_param and not all data layers do, with those that do.
OF_FORKS = {"scale_factors": "ImageSegData", "resize_param": "Data, ImageData and AnnotatedData",
            "noise_param": "Data, ImageData and AnnotatedData", "distort_param": "AnnotatedData",
            "expand_param": "AnnotatedData", "emit_constraint": "AnnotatedData", "fix_crop": "VideoData",
            "more_fix_crop": "VideoData", "multi_scale": "VideoData", "is_flow": "VideoData"}


class Example(NamedTuple):
    """An image (channels, height, width) of uint8 or float32, its label, and what it is called in error messages."""

    image: np.ndarray
    label: int
    what: str
    is_last: bool       # after it they begin again


class Batch(NamedTuple):
    """Float32 tensors in the machine's memory, and how often the examples began again after one of these."""

    data: torch.Tensor      # (n, channels, height, width)
    labels: torch.Tensor    # (n,), or what the layer gives instead
    restarts: int
    further: tuple[torch.Tensor, ...] = ()      # of the tops behind these


class BatchLayer(DataSource, Layer):
    """Feeds batches of transformed images, and their labels if it has a second top.

    A batch has the size of its first image, or of the crop. Where images are decoded or large, a thread makes the next
    batch while the net computes. The numbers drawn for the images come from generators of the layer's own, in the
    images' order, so the batches do not depend on when they are made (src/caffe/layers/base_data_layer.cpp).
    """

    bottoms = exactly(0)
    field: ClassVar[str]            # of the layer's parameters, which have a `batch_size`
    size_place: ClassVar[str]       # where Caffe logs the size of the batches
    # The fields of transform_param, of those of forks in OF_FORKS, that it takes.
    transformations: ClassVar[tuple[str, ...]] = ()
    decodes: bool = True            # whether the images are files, which take long to decode

    def open(self) -> tuple[int, int, int]:
        """Open what the examples come from; returns the shape of the first image, transformed."""
        raise NotImplementedError

    def top_shapes(self, shape: tuple[int, ...]) -> list[tuple[int, ...]]:
        """The shapes of the tops before the first batch, whose data have this `shape`."""
        return [shape, shape[:1]]

    def example(self) -> Example:
        """The next example. Called by one thread at a time."""
        raise NotImplementedError

    def reading_place(self) -> dict:
        """Where the next example is, as whole numbers and sequences of them, by name; none of them is written again."""
        raise NotImplementedError

    def read_from(self, place: Place) -> None:
        """Let the example at such a place be the next. Raises InputError if the data are others."""
        raise NotImplementedError

    def log_restarts(self, number: int) -> None:
        """Log what Caffe logs where the examples begin again."""

    def setup(self, bottom, top):
        self.options = getattr(self.param, self.field)
        self.batch = self.options.batch_size
        if self.batch < 1:
            raise InputError(f"its `batch_size` is {self.batch}; give at least 1.")
        self._check_transformations()
        self.transformer = DataTransformer(self.param.transform_param, self.param.phase)
        # Caffe seeds the transformer here, and again when it starts the thread; the first seed serves for nothing.
        self.transformer.draw_seed(self.context.stream)
        shape = (self.batch,) + self.open()
        for blob, blob_shape in zip(top, self.top_shapes(shape)):
            blob.reshape(blob_shape)
        log.info(self.size_place, f"output data size: {','.join(map(str, shape))}")
        self.transformer.draw_seed(self.context.stream)
        self.context.stream().word()        # Caffe seeds its thread's stream with it, from which nothing is drawn
        self._pins = devices.current().type == "cuda"
        pays = self.decodes or math.prod(shape) >= MANY_VALUES
        self._worker = ThreadPoolExecutor(max_workers=1) if pays else None
        self._next: Future[Batch] | None = None
        self._next_place: dict = {}                 # where that batch begins
        _layers.add(self)

    def _check_transformations(self) -> None:
        transform = self.param.transform_param
        for field, takers in OF_FORKS.items():
            value = getattr(transform, field)
            given = bool(value) if isinstance(value, (tuple, bool)) else transform.has(field)
            if given and field not in self.transformations:
                raise InputError(f"its transform_param has `{field}`, which a layer of type {self.type} does not take; "
                                 f"{takers} would.")
        policies = policies_of(transform)
        if len(policies) > 1 and "expand_param" not in self.transformations:
            raise InputError(f"its transform_param has {len(policies)} `resize_param`s, of which "
                             "AnnotatedData draws one now and then; give one.")

    def finish_next(self) -> None:
        """Wait until nobody works on the next batch."""
        if self._next is not None:
            wait([self._next])

    def renew_worker(self) -> None:
        """In a forked process, which has none of its parent's threads."""
        if self._worker is not None:
            self._worker = ThreadPoolExecutor(max_workers=1)

    def is_capturable(self):
        # A recorded step is for one shape, and single images are often each of another.
        return self.batch > 1 or self.transformer.crops

    def reshape(self, bottom, top):
        """The tops' shapes are those of the batch, whatever that is."""

    def forward(self, bottom, top):
        batch = self.make_batch() if self._next is None else self._next.result()
        if self._worker is not None:
            self._next_place = self._place()
            self._next = self._worker.submit(self.make_batch)
        self.log_restarts(batch.restarts)
        for blob, values in zip(top, (batch.data, batch.labels, *batch.further)):
            blob.reshape(values.shape)
            blob.data.copy_(values, non_blocking=self._pins)

    def backward(self, top, propagate_down, bottom):
        pass

    def place(self) -> Place:
        place = self._place() if self._next is None else self._next_place
        return {name: np.asarray(values) for name, values in place.items()}

    def _place(self) -> dict:
        drawn = self.transformer.place()
        return {**self.reading_place(), **({} if drawn is None else {"transformer": drawn})}

    def go_to(self, place: Place) -> None:
        self.finish_next()
        self._next = None
        self.read_from(place)
        if "transformer" in place:
            self.transformer.go_to(place["transformer"])

    def make_batch(self) -> Batch:
        """The next batch, of examples; a layer that makes batches of something else has no `example`."""
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


_layers: weakref.WeakSet[BatchLayer] = weakref.WeakSet()


def _for_all(act: Callable[[BatchLayer], None]) -> None:
    for layer in list(_layers):
        act(layer)


if hasattr(os, "register_at_fork"):
    # A half-made batch, and whatever its thread holds, would be in the forked process as they were for ever.
    os.register_at_fork(before=lambda: _for_all(BatchLayer.finish_next),
                        after_in_child=lambda: _for_all(BatchLayer.renew_worker))
