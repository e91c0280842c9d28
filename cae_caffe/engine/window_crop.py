"""Windows cut out of images and warped to one size, with some of what surrounds them, as R-CNN does it."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from .resizing import resize
from .window_file import Window


class Crop(NamedTuple):
    """The part of an image to take, the size to warp it to, and where it comes to lie; rows first in each pair.

    What lies beyond the image, `before` and `behind` the part, stays empty.
    """

    first: tuple[int, int]      # row and column of the part
    last: tuple[int, int]       # these included
    size: tuple[int, int]
    before: tuple[int, int]
    behind: tuple[int, int]


class Cropper:
    """Cuts windows to `size` x `size` pixels, of which `context` on each side surround the window.

    `square` ones are cut as the smallest square around them, others are stretched. Numbers are float32, in Caffe's
    order of operations (WindowDataLayer::load_batch of src/caffe/layers/window_data_layer.cpp).
    """

    def __init__(self, size: int, context: int, square: bool):
        self.size, self._square = size, square
        self._widens = context > 0 or square
        self._scale = np.float32(size) / np.float32(size - 2 * context)

    def cut(self, image: np.ndarray, window: Window, mirrored: bool) -> tuple[np.ndarray, int, int]:
        """The window of `image`, uint8 (H, W, K), and at which row and column of the square it begins.

        Raises ValueError, whose text is what to say of it, if it does not lie in the image.
        """
        crop = self._crop(window, image.shape[:2])
        (top, left), (bottom, right) = crop.first, crop.last
        if not (0 <= top <= bottom < image.shape[0] and 0 <= left <= right < image.shape[1]):
            raise ValueError(f"the window from ({window.x1}, {window.y1}) to ({window.x2}, {window.y2}) does not lie "
                             f"in the image, which is {image.shape[1]} pixels wide and {image.shape[0]} high")
        row, column = crop.before[0], crop.behind[1] if mirrored else crop.before[1]
        # By rounding, a part may be a pixel too long for what is left.
        height, width = (min(length, self.size - start) for length, start in zip(crop.size, (row, column)))
        if min(height, width) < 1:
            raise ValueError(f"of the window from ({window.x1}, {window.y1}) to ({window.x2}, {window.y2}) nothing is "
                             f"left when it is warped to {self.size} pixels; it hardly lies in the image")
        part = resize(image[top:bottom + 1, left:right + 1], height, width)
        return (part[:, ::-1] if mirrored else part), row, column

    def _crop(self, window: Window, image: tuple[int, ...]) -> Crop:
        edges = ((window.y1, window.y2), (window.x1, window.x2))
        if not self._widens:
            return Crop((window.y1, window.x1), (window.y2, window.x2), (self.size,) * 2, (0, 0), (0, 0))
        halves = [np.float32((last - first + 1) / 2) for first, last in edges]
        reaches = [max(halves)] * 2 if self._square else halves
        columns = [self._along(first, half, reach, length)
                   for (first, _), half, reach, length in zip(edges, halves, reaches, image)]
        return Crop(*zip(*columns))

    def _along(self, first: int, half: np.float32, reach: np.float32, length: int) -> tuple[int, int, int, int, int]:
        """A Crop's numbers along one axis, on which the image has `length` pixels."""
        center = np.float32(first) + half
        start, end = (_rounded(center + sign * (reach * self._scale)) for sign in (np.float32(-1), np.float32(1)))
        before, behind = max(0, -start), max(0, end - length + 1)
        scale = np.float32(self.size) / np.float32(end - start + 1)
        start, end = start + before, end - behind
        size, before, behind = (_rounded(np.float32(pixels) * scale) for pixels in (end - start + 1, before, behind))
        return start, end, size, before, behind


def _rounded(value: np.float32) -> int:
    """The nearest whole number, of halves the one farther from 0, as C's round."""
    return int(math.copysign(math.floor(abs(float(value)) + 0.5), value))
