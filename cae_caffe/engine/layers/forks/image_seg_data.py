"""ImageSegData and WindowSegData: batches of images with a label for each pixel."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch

from ....errors import InputError
from ...layer import between
from ...resizing import resize, resize_nearest
from ..image_data import atoi
from ..image_list import LogPlaces, read_entries
from ..registry import register
from .image_pairs import ImagePairs, Pair

MOST_PIXELS = 1 << 28       # of a window: more is a damaged number
_WHOLE = re.compile(r"[+-]?[0-9]{1,9}")
_LABEL = re.compile(r"[+-]?[0-9]+")


class Entry(NamedTuple):
    """What a line says: the image's path, the path of its labels or the one label, and a window x1, y1, x2, y2."""

    path: str
    label: str
    window: tuple[int, ...] = ()


class _SegData(ImagePairs):
    """`label_type` says where labels come from: PIXEL is an image, whose greys they are; IMAGE one label, a whole
    number, the same for all pixels (no number is refused, which the forks take for 0); NONE `ignore_label` for all. Of
    larger numbers than 255 labels are 255, for they are kept in bytes.

    What a crop lacks of an image is filled below and on the right with the mean, and with `ignore_label`. One of the
    `scale_factors` of transform_param, drawn in each phase, multiplies an image's size before (DeepLab's). A third top
    (n, 1, 1, 2) gives each image's height and width, at most those of the data. Labels are resized by the nearest
    pixel, also in DeepLab's nets, whose Caffe mixes them.
    """

    tops = between(1, 3)
    makes_missing_tops = True
    field = "image_data_param"
    size_place = "image_seg_data_layer.cpp:111"
    log_places = LogPlaces(*(f"image_seg_data_layer.cpp:{line}" for line in (50, 66, 72, 79)))
    transformations = ("scale_factors",)

    def open(self):
        if self.param.transform_param.has("mean_file"):
            raise InputError(f"its transform_param has a `mean_file`, which {self.type} does not take; give "
                             "`mean_value`.")
        factors = self.param.transform_param.scale_factors
        if not all(0 < factor < MOST_PIXELS for factor in factors):
            raise InputError(f"its `scale_factors` are {', '.join(f'{factor:g}' for factor in factors)}; give numbers "
                             "above 0.")
        return super().open()

    def top_shapes(self, shape):
        return [*super().top_shapes(shape), (shape[0], 1, 1, 2)]

    def further(self, sizes, data):
        told = torch.minimum(torch.tensor(sizes), torch.tensor(data.shape[2:]))
        return (told.to(torch.float32).view(self.batch, 1, 1, 2),)

    def labelled(self, entry: Entry, path: str) -> tuple[np.ndarray, np.ndarray]:
        """The image (H, W, channels) in its own size, and its labels (H, W)."""
        image = self.read_image(path, self.options.is_color)
        if self.options.label_type == "PIXEL":
            label_path = self.options.root_folder + entry.label
            label = self.read_image(label_path, color=False)
            self.check_sizes(image, path, label, label_path)
            return image, label[:, :, 0]
        one = atoi(entry.label) if self.options.label_type == "IMAGE" else self.options.ignore_label
        return image, np.full(image.shape[:2], _byte(one))

    def sized(self, image: np.ndarray, label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Both in the layer's `new_height` and `new_width`, if it has these."""
        height, width = self.options.new_height, self.options.new_width
        return (resize(image, height, width), resize_nearest(label, height, width)) if height else (image, label)

    def fitted(self, image: np.ndarray, label: np.ndarray, path: str, size: tuple[int, int]) -> Pair:
        """The pair, multiplied in size and filled up."""
        factor = self.transformer.scale_factor()
        if factor != 1:
            height, width = (int(np.float32(length) * np.float32(factor)) for length in image.shape[:2])
            if min(height, width) < 1 or height * width > MOST_PIXELS:
                raise InputError(f"{path} of {image.shape[1]}x{image.shape[0]} pixels has {width}x{height} after one "
                                 f"of its `scale_factors`, {factor:g}; give factors near 1.")
            image, label = resize(image, height, width), resize_nearest(label, height, width)
        missing = [max(crop - length, 0) for crop, length in zip(
            (self.transformer.crop_height, self.transformer.crop_width), image.shape)]
        if any(missing):
            image, label = self._filled(image, label, missing)
        return Pair(image.transpose(2, 0, 1), label, path, size)

    def _filled(self, image: np.ndarray, label: np.ndarray, missing: list[int]) -> tuple[np.ndarray, np.ndarray]:
        rows, columns, channels = image.shape
        filled = np.zeros((rows + missing[0], columns + missing[1], channels), np.float32)
        if self.transformer.mean_values.size in (1, channels):
            filled[:] = self.transformer.mean_values
        filled[:rows, :columns] = image
        labels = np.full(filled.shape[:2], _byte(self.options.ignore_label))
        labels[:rows, :columns] = label
        return filled, labels


@register("ImageSegData")
class ImageSegData(_SegData):
    """The images of the lines `image label` in the file `source`, with the options of all _SegData layers
    (DeconvNet's and DeepLab's src/caffe/layers/image_seg_data_layer.cpp).
    """

    def read_lines(self, source):
        kind = self.options.label_type
        return read_entries(source, lambda lines: list(_entries(lines, kind)),
                            "image" if kind == "NONE" else "image label")

    def pair(self):
        entry = self.entry()
        path = self.options.root_folder + entry.path
        image, label = self.sized(*self.labelled(entry, path))
        return self.fitted(image, label, path, image.shape[:2])


@register("WindowSegData")
class WindowSegData(_SegData):
    """Windows of the images of the lines `image label x1 y1 x2 y2` in the file `source`, corners included.

    What lies beyond the image is 0, with the label `ignore_label`; `new_height` and `new_width` are the windows'. The
    other options are those of all _SegData layers (DeconvNet's src/caffe/layers/window_seg_data_layer.cpp).
    """

    size_place = "window_seg_data_layer.cpp:115"
    log_places = LogPlaces(*(f"window_seg_data_layer.cpp:{line}" for line in (44, 70, 76, 83)))

    def read_lines(self, source):
        return read_windows(source, self.options.label_type)

    def pair(self):
        entry = self.entry()
        path = self.options.root_folder + entry.path
        image, label = self.labelled(entry, path)
        cut = self.sized(_cut(image, entry.window, 0), _cut(label, entry.window, _byte(self.options.ignore_label)))
        return self.fitted(*cut, path, image.shape[:2])


def read_windows(source: str, label_type: str) -> Sequence[Entry]:
    """The entries of a list of windows, each with the image's path, its label unless that is NONE, and four numbers."""
    return read_entries(source, lambda lines: list(_entries(lines, label_type, 4)),
                        f"{'image' if label_type == 'NONE' else 'image label'} x1 y1 x2 y2")


def _entries(lines: list[str], label_type: str, numbers: int = 0) -> Iterator[Entry]:
    words = 1 if label_type == "NONE" else 2
    for number, line in enumerate(lines, 1):
        found = line.split()
        if not found:
            continue
        texts = found[words:words + numbers]
        if len(found) < words or len(texts) < numbers or not all(map(_WHOLE.fullmatch, texts)):
            raise ValueError(f"line {number} is `{line.strip()[:80]}`, and needs {words} word{'s' * (words > 1)}"
                             + (f" and {numbers} whole numbers" if numbers else ""))
        if label_type == "IMAGE" and not _LABEL.fullmatch(found[1]):
            raise ValueError(f"line {number} has the label {found[1]}, which is no whole number; if it names an image "
                             "of labels, give `label_type: PIXEL`")
        window = tuple(map(int, texts))
        if window:
            _check_window(number, *window)
        yield Entry(found[0], found[1] if words == 2 else "", window)


def _check_window(number: int, x1: int, y1: int, x2: int, y2: int) -> None:
    if x2 < x1 or y2 < y1 or (x2 - x1 + 1) * (y2 - y1 + 1) > MOST_PIXELS:
        raise ValueError(f"line {number} has a window from {x1}, {y1} to {x2}, {y2}, which must go from the upper left "
                         f"corner to the lower right one, with {MOST_PIXELS} pixels at most")


def _cut(image: np.ndarray, window: tuple[int, ...], beyond: int | np.uint8) -> np.ndarray:
    """The window x1, y1, x2, y2 of an image (H, W, ...), `beyond` where there is no image."""
    x1, y1, x2, y2 = window
    cut = np.full((y2 - y1 + 1, x2 - x1 + 1, *image.shape[2:]), beyond, np.uint8)
    top, left = max(y1, 0), max(x1, 0)
    part = image[top:max(y2 + 1, 0), left:max(x2 + 1, 0)]
    cut[top - y1:top - y1 + part.shape[0], left - x1:left - x1 + part.shape[1]] = part
    return cut


def _byte(label: int) -> np.uint8:
    return np.uint8(min(max(label, 0), 255))
