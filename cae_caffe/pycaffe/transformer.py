"""`caffe.io.Transformer`: images to a net's input and back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import InputError
from ..printing import counted
from .errors import WrongValueError
from .resampling import resize_image


class Transformer:
    """Formats images (H, W, K) for the net inputs `inputs`, {name: blob shape (N, K, H, W)}; see `preprocess`.

    What is to be done for an input is set by its name; what is not set is not done.
    """

    def __init__(self, inputs: dict[str, Sequence[int]]):
        self.inputs = inputs
        self.transpose: dict[str, Sequence[int]] = {}
        self.channel_swap: dict[str, Sequence[int]] = {}
        self.raw_scale: dict[str, float] = {}
        self.mean: dict[str, np.ndarray] = {}
        self.input_scale: dict[str, float] = {}

    def preprocess(self, in_: str, data: np.ndarray) -> np.ndarray:
        """The image `data` as float32 for the input `in_`: resized, its axes transposed, its channels swapped, times
        `raw_scale`, minus `mean`, times `input_scale`. `data` itself stays as it is.
        """
        self._check(in_)
        size = tuple(self.inputs[in_][2:])
        image = np.array(data, dtype=np.float32)
        if image.shape[:2] != size:
            image = resize_image(image, size)
        if in_ in self.transpose:
            image = image.transpose(self.transpose[in_])
        if in_ in self.channel_swap:
            image = image[self.channel_swap[in_], :, :]
        if in_ in self.raw_scale:
            image *= self.raw_scale[in_]
        if in_ in self.mean:
            image -= self.mean[in_]
        if in_ in self.input_scale:
            image *= self.input_scale[in_]
        return image

    def deprocess(self, in_: str, data: np.ndarray) -> np.ndarray:
        """Undo `preprocess` but for the size: `data`, of one image, as an image."""
        self._check(in_)
        image = data.copy()
        while image.ndim > 3 and image.shape[0] == 1:
            image = image[0]
        if in_ in self.input_scale:
            image /= self.input_scale[in_]
        if in_ in self.mean:
            image += self.mean[in_]
        if in_ in self.raw_scale:
            image /= self.raw_scale[in_]
        if in_ in self.channel_swap:
            image = image[np.argsort(self.channel_swap[in_]), :, :]
        return image.transpose(np.argsort(self.transpose[in_])) if in_ in self.transpose else image.squeeze()

    def set_transpose(self, in_: str, order: Sequence[int]) -> None:
        """Set the order of axes: (2, 0, 1) makes (K, H, W) of an image (H, W, K)."""
        self._check(in_)
        if len(order) != len(self.inputs[in_]) - 1:
            raise InputError(f"The transpose order {tuple(order)} for `{in_}` has {len(order)} axes; its images have "
                             f"{len(self.inputs[in_]) - 1}, so give as many, such as (2, 0, 1).")
        self.transpose[in_] = order

    def set_channel_swap(self, in_: str, order: Sequence[int]) -> None:
        """Set the order of channels, the first axis after transposing: (2, 1, 0) makes BGR of RGB."""
        self._check(in_)
        if len(order) != self.inputs[in_][1]:
            raise InputError(f"The channel swap {tuple(order)} for `{in_}` has {counted(len(order), 'channel')}; the "
                             f"input has {self.inputs[in_][1]}, so give as many.")
        self.channel_swap[in_] = order

    def set_raw_scale(self, in_: str, scale: float) -> None:
        """Set the factor before the mean is taken off: 255 for nets trained on bytes, as load_image gives [0, 1]."""
        self._check(in_)
        self.raw_scale[in_] = scale

    def set_mean(self, in_: str, mean: np.ndarray) -> None:
        """Set what is taken off: one value a channel (K,), or an image (K, H, W) or (H, W), resized to the input's."""
        self._check(in_)
        shape = tuple(self.inputs[in_][1:])
        if mean.ndim == 1 and mean.shape[0] == shape[0]:
            self.mean[in_] = mean[:, np.newaxis, np.newaxis]
        elif mean.ndim in (2, 3):
            self.mean[in_] = _mean_image(mean, shape)
        else:
            raise WrongValueError(f"The mean of `{in_}` has shape {mean.shape}; give one value for each of the input's "
                                  f"{shape[0]} channels, or an image of shape {shape}.")

    def set_input_scale(self, in_: str, scale: float) -> None:
        """Set the factor after the mean is taken off."""
        self._check(in_)
        self.input_scale[in_] = scale

    def _check(self, in_: str) -> None:
        if in_ not in self.inputs:
            raise InputError(f"`{in_}` is not one of the inputs {', '.join(self.inputs)}.")


def image_transformer(name: str, shape: Sequence[int], mean=None, input_scale=None, raw_scale=None,
                      channel_swap=None) -> Transformer:
    """A Transformer of images (H, W, K) for the one input `name` of `shape`; None leaves a step out."""
    transformer = Transformer({name: shape})
    transformer.set_transpose(name, (2, 0, 1))
    for set_option, value in ((transformer.set_mean, mean), (transformer.set_input_scale, input_scale),
                              (transformer.set_raw_scale, raw_scale), (transformer.set_channel_swap, channel_swap)):
        if value is not None:
            set_option(name, value)
    return transformer


def _mean_image(mean: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    planes = mean if mean.ndim == 3 else mean[np.newaxis]
    if planes.shape == shape:
        return mean
    return resize_image(planes.transpose(1, 2, 0), shape[1:]).transpose(2, 0, 1)
