"""noise_param: changes that every image gets (SSD's src/caffe/util/im_transforms.cpp, by OpenCV's functions).

Images are uint8 (H, W, channels), blue first.
"""

from __future__ import annotations

import io
from typing import Callable

import numpy as np

from .. import schema
from ..data import pillow
from ..errors import InputError
from ..printing import counted
from . import colors, decoding
from .rng import Stream

_BLUR = (9, 29, 55, 70, 55, 29, 9)      # 256 times a Gaussian of deviation 1.5, as OpenCV rounds it
_REACH = len(_BLUR) // 2
_STEPS = 64             # of the values that posterizing leaves together
_TILES, _CLIP = 8, 4    # of the local equalization: tiles along each side, and how far a histogram is cut
_VALUES = 256


Change = Callable[[np.ndarray, str], np.ndarray]


class Noise:
    """What a NoiseParameter asks for, in SSD's order. Its `prob` counts for nothing, as in SSD.

    Raises InputError, which names the option, for one that does not fit.
    """

    def __init__(self, param: schema.View):
        self._param = param
        salt = param.saltpepper_param
        if param.saltpepper and (not salt.value or not 0 <= salt.fraction <= 1):
            raise InputError(f"its noise_param has `saltpepper`, and a saltpepper_param with {len(salt.value)} "
                             f"`value`s and a `fraction` of {salt.fraction:g}; give a value for all channels or one "
                             "for each, and a fraction from 0 to 1.")
        if param.convert_to_hsv and param.convert_to_lab:
            raise InputError("its noise_param has `convert_to_hsv` and `convert_to_lab`; give one of them.")
        self._needs_colors = param.decolorize or param.convert_to_hsv or param.convert_to_lab
        quality = int(min(max(param.jpeg, 1), 100))
        changes: list[tuple[bool, Change]] = [
            (param.decolorize, lambda image, what: np.repeat(colors.gray(image)[:, :, np.newaxis], 3, axis=2)),
            (param.gauss_blur, lambda image, what: blurred(image)),
            (param.hist_eq, lambda image, what: _by_luma(image, equalized, what)),
            (param.clahe, lambda image, what: _by_luma(image, locally_equalized, what)),
            (param.jpeg > 0, lambda image, what: through_jpeg(image, quality, what)),
            (param.erode, lambda image, what: eroded(image)),
            (param.posterize, lambda image, what: image // _STEPS * _STEPS + _STEPS // 2),
            (param.inverse, lambda image, what: ~image),
        ]
        self._changes = [change for wanted, change in changes if wanted]

    @property
    def draws(self) -> bool:
        """Whether it takes random numbers."""
        return self._param.saltpepper

    def apply(self, image: np.ndarray, stream: Stream | None, what: str) -> np.ndarray:
        """The image, changed; float32 in Lab's numbers with `convert_to_lab`. `draws` numbers are from `stream`.

        Raises InputError, whose message begins with `what`, if the image has not the channels for it.
        """
        if image.shape[2] != 3 and self._needs_colors:
            raise InputError(f"{what} has {counted(image.shape[2], 'channel')}, and its noise_param changes colours; "
                             "set `force_color`, or leave out `decolorize` and conversions.")
        for change in self._changes:
            image = change(image, what)
        if self._param.saltpepper and stream is not None:
            image = self._sprinkled(image, stream, what)
        if self._param.convert_to_hsv:
            return colors.to_hsv(image)
        return colors.to_lab(image) if self._param.convert_to_lab else image

    def _sprinkled(self, image: np.ndarray, stream: Stream, what: str) -> np.ndarray:
        rows, columns, channels = image.shape
        salt = self._param.saltpepper_param
        if len(salt.value) not in (1, channels):
            raise InputError(f"{what} has {counted(channels, 'channel')}, and its saltpepper_param {len(salt.value)} "
                             "`value`s; give one, or one for each channel.")
        image = image.copy()
        for _ in range(int(np.float32(salt.fraction) * rows * columns)):
            column, row = stream.word() % columns, stream.word() % rows
            image[row, column] = np.array(salt.value).astype(np.int64) % _VALUES
        return image


def _by_luma(image: np.ndarray, change: Callable[[np.ndarray], np.ndarray], what: str) -> np.ndarray:
    """The image with `change` of its luma, or of itself if it is grey."""
    if image.shape[2] == 1:
        return change(image[:, :, 0])[:, :, np.newaxis]
    if image.shape[2] != 3:
        raise InputError(f"{what} has {counted(image.shape[2], 'channel')}, and its noise_param equalizes images of 1 "
                         "or 3.")
    parts = colors.to_ycrcb(image)
    parts[:, :, 0] = change(parts[:, :, 0])
    return colors.from_ycrcb(parts)


def blurred(image: np.ndarray) -> np.ndarray:
    """The image after a Gaussian of 7 x 7 pixels (cv::GaussianBlur, deviation 1.5)."""
    wide = np.pad(image.astype(np.int64), ((_REACH, _REACH), (_REACH, _REACH), (0, 0)), "reflect")
    rows, columns = image.shape[:2]
    along = np.add.reduce([wide[:, i:i + columns] * weight for i, weight in enumerate(_BLUR)])
    total = np.add.reduce([along[i:i + rows] * weight for i, weight in enumerate(_BLUR)])
    return ((total + (1 << 15)) >> 16).astype(np.uint8)


def equalized(plane: np.ndarray) -> np.ndarray:
    """A plane (H, W) whose values are spread evenly (cv::equalizeHist)."""
    counts = np.bincount(plane.ravel(), minlength=_VALUES)
    least = int(np.flatnonzero(counts)[0])
    if counts[least] == plane.size:
        return plane
    scale = np.float32(255) / np.float32(plane.size - counts[least])
    sums = np.cumsum(np.where(np.arange(_VALUES) <= least, 0, counts))
    return _bytes(sums.astype(np.float32) * scale)[plane]


def locally_equalized(plane: np.ndarray) -> np.ndarray:
    """A plane (H, W) equalized around each pixel, by its tile and the next ones (cv::CLAHE, clip limit 4)."""
    rows, columns = plane.shape
    missing = [0, 0]
    if rows % _TILES or columns % _TILES:
        missing = [_TILES - length % _TILES for length in (rows, columns)]
    whole = np.pad(plane, ((0, missing[0]), (0, missing[1])), "reflect")
    height, width = (length // _TILES for length in whole.shape)
    tiles = whole.reshape(_TILES, height, _TILES, width).swapaxes(1, 2).reshape(_TILES, _TILES, -1)
    tables = np.array([[_table(tile) for tile in line] for line in tiles])
    above, below, share = _neighbours(rows, height)
    left, right, beside = _neighbours(columns, width)
    share = share[:, np.newaxis]
    one, two = (tables[line[:, np.newaxis], left, plane] * (1 - beside) + tables[line[:, np.newaxis], right, plane]
                * beside for line in (above, below))
    return _bytes(one * (1 - share) + two * share)


def _table(tile: np.ndarray) -> np.ndarray:
    """What a tile's values become, float32: its histogram, cut, with what is cut off dealt out again, added up."""
    counts = np.bincount(tile, minlength=_VALUES)
    most = max(_CLIP * tile.size // _VALUES, 1)
    cut = int(np.maximum(counts - most, 0).sum())
    counts = np.minimum(counts, most) + cut // _VALUES
    rest = cut % _VALUES
    if rest:
        counts[:rest * max(_VALUES // rest, 1):max(_VALUES // rest, 1)] += 1
    return _bytes(np.cumsum(counts).astype(np.float32) * np.float32((_VALUES - 1) / tile.size)).astype(np.float32)


def _neighbours(length: int, tile: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each place, the two tiles whose middles are around it, and the second one's share."""
    place = np.arange(length, dtype=np.float32) * np.float32(1 / tile) - np.float32(0.5)
    first = np.floor(place).astype(int)
    return np.maximum(first, 0), np.minimum(first + 1, _TILES - 1), place - first


def eroded(image: np.ndarray) -> np.ndarray:
    """Each value the least of its own and the four beside it."""
    wide = np.pad(image, ((1, 1), (1, 1), (0, 0)), constant_values=255)
    return np.minimum.reduce([wide[1:-1, 1:-1], wide[:-2, 1:-1], wide[2:, 1:-1], wide[1:-1, :-2], wide[1:-1, 2:]])


def through_jpeg(image: np.ndarray, quality: int, what: str) -> np.ndarray:
    """The image as a JPEG file of this quality keeps it, by the libjpeg of Pillow."""
    pillow.require()
    from PIL import Image
    stream = io.BytesIO()
    picture = Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else np.ascontiguousarray(image[:, :, 2::-1]))
    picture.save(stream, "JPEG", quality=quality, subsampling="4:2:0")
    return decoding.decode(stream.getvalue(), "gray" if image.shape[2] == 1 else "color", what)


def _bytes(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, _VALUES - 1).astype(np.uint8)
