"""SPP: spatial pyramid pooling, which gives as many values for images of any size."""

from __future__ import annotations

import math

import torch

from ... import schema
from ...errors import InputError
from ..blob import Blob, Shape, in_rows, shape_string
from ..layer import Layer
from .pooling import Pooling
from .registry import register


@register("SPP")
class SPP(Layer):
    """Levels 0 to `pyramid_height` - 1 pool the image into 2^level bins a side; the top has them one after the other.

    The top is (N, values), or (N, C, 1, 1) if there is one level. (src/caffe/layers/spp_layer.cpp)
    """

    def setup(self, bottom, top):
        self.height = self.param.spp_param.pyramid_height
        if self.height < 1:
            raise InputError(f"its `pyramid_height` is {self.height}; give the number of levels, at least 1.")

    def reshape(self, bottom, top):
        shape = bottom[0].shape
        if len(shape) != 4 or 0 in shape[1:]:
            raise InputError(f"its bottom has shape {shape_string(shape)}; it takes images of 4 axes (number, "
                             "channels, height, width), none but the number of length 0.")
        self.levels = [Level(self, level, shape) for level in range(self.height)]
        if self.height == 1:
            top[0].reshape(self.levels[0].pooled.shape)
        else:
            top[0].reshape((shape[0], sum(self._lengths)))

    @property
    def _lengths(self) -> list[int]:
        """How many values of an image each level gives."""
        return [math.prod(level.pooled.shape[1:]) for level in self.levels]

    def _parts(self, whole: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return in_rows(whole).split(self._lengths, 1)

    def is_capturable(self):
        return all(level.is_capturable() for level in self.levels)

    def forward(self, bottom, top):
        for level, part in zip(self.levels, self._parts(top[0].data)):
            part.copy_(level.forward(bottom[0]))

    def backward(self, top, propagate_down, bottom):
        if not propagate_down[0]:
            return
        bottom[0].diff.zero_()
        for level, part in zip(self.levels, self._parts(top[0].diff)):
            bottom[0].diff.add_(level.backward(part))


class Level:
    """One level: a Pooling layer whose windows, with their padding, just cover the image."""

    def __init__(self, layer: SPP, level: int, shape: Shape):
        self._image, self.pooled = Blob(shape), Blob()
        self.pooling = Pooling(schema.view(self._definition(layer, 2 ** level, shape)), layer.context)
        try:
            self.pooling.setup([self._image], [self.pooled])
            self.pooling.reshape([self._image], [self.pooled])
        except InputError as error:
            raise InputError(f"level {level} of its pyramid is a Pooling layer that cannot be: {error}") from None

    @staticmethod
    def _definition(layer: SPP, bins: int, shape: Shape) -> schema.LayerParameter:
        message = schema.LayerParameter(name=layer.name, phase=schema.Phase.Value(layer.param.phase))
        pooling = message.pooling_param
        pooling.pool = pooling.PoolMethod.Value(layer.param.spp_param.pool)
        pooling.kernel_h, pooling.kernel_w = kernel = [-(-length // bins) for length in shape[2:]]
        pooling.stride_h, pooling.stride_w = kernel
        pooling.pad_h, pooling.pad_w = ((window * bins - length + 1) // 2 for window, length in zip(kernel, shape[2:]))
        return message

    def is_capturable(self) -> bool:
        """As the Pooling layer."""
        return self.pooling.is_capturable()

    def forward(self, image: Blob) -> torch.Tensor:
        """The level's values, one row an image."""
        self._image.share_data(image)
        self.pooling.forward([self._image], [self.pooled])
        return self.pooled.data.flatten(1)

    def backward(self, diff: torch.Tensor) -> torch.Tensor:
        """The image's gradient from that of the level's values."""
        self.pooled.diff.flatten(1).copy_(diff)
        self.pooling.backward([self.pooled], [True], [self._image])
        return self._image.diff
