"""`caffe.Classifier`: a net that classifies whole images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from . import io
from .net import TEST, Net
from .transformer import image_transformer


class Classifier(Net):
    """The net of `model_file` with the weights of `pretrained_file`, in phase TEST.

    Images are resized to `image_dims` (height, width; the net's input by default), cropped to the net's input, and
    formatted by `transformer` with the other arguments (see io.Transformer).
    """

    def __init__(self, model_file, pretrained_file, image_dims=None, mean=None, input_scale=None, raw_scale=None,
                 channel_swap=None):
        super().__init__(model_file, TEST, weights=pretrained_file)
        name = self.inputs[0]
        shape = self.blobs[name].shape
        self.transformer = image_transformer(name, shape, mean, input_scale, raw_scale, channel_swap)
        self.crop_dims = np.array(shape[2:])
        self.image_dims = self.crop_dims if image_dims is None else image_dims

    def predict(self, inputs: Sequence[np.ndarray], oversample: bool = True) -> np.ndarray:
        """The first output for each of the n images (H, W, K): (n, classes).

        With `oversample` it is the mean over ten crops (io.oversample), else that of the centre (there, in the
        output's own shape).
        """
        resized = np.stack([io.resize_image(image, self.image_dims) for image in inputs])
        crops = io.oversample(resized, self.crop_dims) if oversample else self._centres(resized)
        name = self.inputs[0]
        formatted = np.stack([self.transformer.preprocess(name, crop) for crop in crops])
        predictions = self.forward_all(**{name: formatted})[self.outputs[0]]
        if not oversample:
            return predictions
        return predictions.reshape(len(resized), len(crops) // len(resized), -1).mean(1)

    def _centres(self, images: np.ndarray) -> np.ndarray:
        height, width = self.crop_dims
        top, left = ((length - crop) // 2 for length, crop in zip(images.shape[1:3], self.crop_dims))
        return images[:, top:top + height, left:left + width]
