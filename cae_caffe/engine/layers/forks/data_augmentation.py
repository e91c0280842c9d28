"""DataAugmentation: images cut to a size, less their mean; as FlowNet 2.0's nets are tested and deployed."""

from __future__ import annotations

import numpy as np
import torch

from .... import schema
from ....errors import InputError
from ....printing import counted
from ....schema.forks.flownet import DRAWN
from ...blob import require_images, shape_string
from ...layer import Layer
from ...traits import Traits
from ..registry import register

PARAMETERS = 3              # passes, mean image, mean of each channel
FROM_THE_END = 1.05         # how far from the end of a row or column places stay, in pixels


@register("DataAugmentation")
class DataAugmentation(Layer):
    """Images cut to `crop_height` x `crop_width` about their middle, if both are given, less a mean.

    With `recompute_mean` the mean is a parameter, the running one of the first so many passes of which the weights do
    not tell: of each channel, or of each pixel with `mean_per_pixel`. Otherwise it is `mean`, a value for each of three
    channels, without `mean_per_pixel`. What would be drawn at random, in phase TRAIN or with `augment_during_test`, is
    not carried out. No gradient. (FlowNet2's src/caffe/layers/data_augmentation_layer.cu: where the cut begins between
    two pixels it takes the mean of both, and it takes the last row and column in 19 of 20 parts from where they are.)
    """

    traits = Traits(capturable=False)

    @classmethod
    def complete(cls, message):
        if message.augmentation_param.recompute_mean:
            while len(message.param) < PARAMETERS:
                message.param.add(lr_mult=0, decay_mult=0)

    def allows_forced_backward(self, bottom_index):
        return False

    def setup(self, bottom, top):
        require_images(bottom[0].shape, "DataAugmentation")
        param, channels = self.param.augmentation_param, bottom[0].shape[1]
        drawn = [f"`{field}`" for field in DRAWN if param.has(field)]
        if drawn and cuts(param) and (self.param.phase == "TRAIN" or param.augment_during_test):
            raise InputError(f"what it would draw at random ({', '.join(drawn)}) is not carried out; leave it out, or "
                             "change the images before.")
        if param.recompute_mean:
            size = self.shapes([bottom[0].shape])[0][2:]
            for shape in ((1, 1, 1, 1), (1, channels, *size), (1, channels, 1, 1)):
                self.add_parameter(shape, schema.view(schema.FillerParameter()))
        elif param.mean and not param.mean_per_pixel and not len(param.mean) == channels == len("RGB"):
            raise InputError(f"it gives `mean` {len(param.mean)} times, and its bottom has "
                             f"{counted(channels, 'channel')}; give three, for images of three channels.")

    def shapes(self, bottom_shapes):
        shape, param = bottom_shapes[0], self.param.augmentation_param
        require_images(shape, "DataAugmentation")
        if not cuts(param):
            return [shape]
        size = param.crop_height, param.crop_width
        if not all(0 < wanted <= length for wanted, length in zip(size, shape[2:])):
            raise InputError(f"its bottom has shape {shape_string(shape)}, which it cannot cut to `crop_height: "
                             f"{size[0]}` and `crop_width: {size[1]}`; give each from 1 to the bottom's.")
        return [(*shape[:2], *size)]

    def make_room_for(self, stored):
        if len(stored) == len(self.blobs) == PARAMETERS and stored[1][:2] == self.blobs[1].shape[:2]:
            self.blobs[1].reshape(stored[1])        # a mean image, whose size was that of the images of training

    def forward(self, bottom, top):
        param = self.param.augmentation_param
        images = bottom[0].data
        if cuts(param):
            for axis in (2, 3):
                images = _cut(images, axis, top[0].shape[axis])
        if param.recompute_mean:
            images = images - self._running_mean(images)
        elif param.mean and not param.mean_per_pixel:
            images = images - images.new_tensor(param.mean).reshape(1, -1, 1, 1)
        top[0].data.copy_(images)

    def _running_mean(self, images: torch.Tensor) -> torch.Tensor:
        """The mean to subtract, after these images have had their part in it if they are to have one."""
        param = self.param.augmentation_param
        passes, of_pixels, of_channels = self.blobs
        passes.data.add_(1)
        number = int(passes.data)
        if number <= param.recompute_mean:
            if of_pixels.shape != (1, *images.shape[1:]):
                of_pixels.reshape((1, *images.shape[1:]))
                of_pixels.data.copy_(of_channels.data.expand(of_pixels.shape))
            of_pixels.data.mul_(number - 1).add_(images.mean(0, keepdim=True)).div_(number)
            of_channels.data.copy_(of_pixels.data.mean((2, 3), keepdim=True))
        if not param.mean_per_pixel:
            return of_channels.data
        if of_pixels.shape[2:] != images.shape[2:]:
            return of_pixels.data.mean((2, 3), keepdim=True)
        return of_pixels.data

    def backward(self, top, propagate_down, bottom):
        self.refuse_gradient(propagate_down, 0)


def cuts(param) -> bool:
    """Whether an `augmentation_param` cuts images."""
    return param.has("crop_width") and param.has("crop_height")


def _cut(images: torch.Tensor, axis: int, length: int) -> torch.Tensor:
    """The images about the middle of this axis, `length` pixels, between two pixels by the parts of each."""
    *indices, parts = (torch.from_numpy(array).to(images.device) for array in neighbours(images.shape[axis], length))
    before, behind = (images.index_select(axis, index) for index in indices)
    parts = parts.reshape([-1 if i == axis else 1 for i in range(4)])
    return before * (1 - parts) + behind * parts


def neighbours(whole: int, length: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each of `length` pixels about the middle of `whole`, the one before it, the one behind it, and the part that
    it has of the latter.
    """
    places = np.arange(length) + (whole - length) / 2
    places = places.clip(0, max(0.0, whole - FROM_THE_END)).astype(np.float32)
    first = np.floor(places).astype(np.int64)
    return first, np.minimum(first + 1, whole - 1), places - first
