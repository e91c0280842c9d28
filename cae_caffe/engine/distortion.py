"""distort_param: random changes of brightness, contrast, saturation, hue and the order of the channels (SSD's
src/caffe/util/im_transforms.cpp).

Images are uint8 (H, W, channels), blue first.
"""

from __future__ import annotations

import numpy as np

from .. import schema
from ..errors import InputError
from ..printing import counted
from . import colors
from .rng import Stream

_NO_CONTRAST = 1e-3     # nearer to 1 a factor of the contrast changes nothing


class Distortion:
    """What a DistortionParameter asks for. Raises InputError, which names the option, for one that does not fit.

    Each change comes with its probability; in half of the cases, at random, the contrast is changed after saturation
    and hue instead of before.
    """

    def __init__(self, param: schema.View):
        self._param = param
        if min(param.brightness_delta, param.hue_delta) < 0:
            raise InputError(f"its distort_param has a `brightness_delta` of {param.brightness_delta:g} and a "
                             f"`hue_delta` of {param.hue_delta:g}; give 0 or more.")
        for name in ("contrast", "saturation"):
            lower, upper = getattr(param, f"{name}_lower"), getattr(param, f"{name}_upper")
            if getattr(param, f"{name}_prob") > 0 and not 0 <= lower <= upper < np.inf:
                raise InputError(f"its distort_param has a `{name}_lower` of {lower:g} and a `{name}_upper` of "
                                 f"{upper:g}; give two factors from 0 on, the lower one first.")

    def apply(self, image: np.ndarray, stream: Stream, what: str) -> np.ndarray:
        """The image, changed by numbers drawn from `stream`.

        Raises InputError, whose message begins with `what`, unless the image has three channels or needs no colours.
        """
        param = self._param
        if image.shape[2] != 3 and max(param.saturation_prob, param.hue_prob, param.random_order_prob) > 0:
            raise InputError(f"{what} has {counted(image.shape[2], 'channel')}, and its distort_param changes colours; "
                             "set `force_color`, or leave out what changes saturation, hue and the channels' order.")
        contrast_first = stream.one_uniform() > 0.5
        image = self._brightness(image, stream)
        if contrast_first:
            image = self._contrast(image, stream)
        image = self._hue(self._saturation(image, stream), stream)
        if not contrast_first:
            image = self._contrast(image, stream)
        if stream.one_uniform() < param.random_order_prob:
            order = [0, 1, 2]
            stream.shuffle(order)
            image = image[:, :, order]
        return image

    def _brightness(self, image: np.ndarray, stream: Stream) -> np.ndarray:
        if stream.one_uniform() >= self._param.brightness_prob:
            return image
        delta = self._param.brightness_delta
        return linear(image, 1, stream.one_uniform(-delta, delta))

    def _contrast(self, image: np.ndarray, stream: Stream) -> np.ndarray:
        if stream.one_uniform() >= self._param.contrast_prob:
            return image
        factor = stream.one_uniform(self._param.contrast_lower, self._param.contrast_upper)
        return image if abs(factor - 1) <= _NO_CONTRAST else linear(image, factor, 0)

    def _saturation(self, image: np.ndarray, stream: Stream) -> np.ndarray:
        if stream.one_uniform() >= self._param.saturation_prob:
            return image
        factor = stream.one_uniform(self._param.saturation_lower, self._param.saturation_upper)
        return saturated(image, factor)

    def _hue(self, image: np.ndarray, stream: Stream) -> np.ndarray:
        if stream.one_uniform() >= self._param.hue_prob:
            return image
        delta = self._param.hue_delta
        return turned(image, stream.one_uniform(-delta, delta))


def linear(image: np.ndarray, factor: float, offset: float) -> np.ndarray:
    """Values times `factor` plus `offset`, rounded to bytes (cv::Mat::convertTo)."""
    values = np.arange(256, dtype=np.float32) * np.float32(factor) + np.float32(offset)
    return np.take(np.clip(np.rint(values), 0, 255).astype(np.uint8), image)


def saturated(image: np.ndarray, factor: float) -> np.ndarray:
    """The image with its saturation times `factor`."""
    hsv = colors.to_hsv(image)
    hsv[:, :, 1] = linear(hsv[:, :, 1], factor, 0)
    return colors.from_hsv(hsv)


def turned(image: np.ndarray, delta: float) -> np.ndarray:
    """The image with `delta` (180 for a circle) added to its hues; none falls below 0 (red)."""
    if not delta:
        return image
    hsv = colors.to_hsv(image)
    hsv[:, :, 0] = linear(hsv[:, :, 0], 1, delta)
    return colors.from_hsv(hsv)
