"""ImageData: batches of image files that a list names."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..layer import exactly
from .batches import Example
from .image_list import ImageList, LogPlaces, read_entries
from .registry import register

_WHOLE_NUMBER = re.compile(r"\s*([+-]?)0*(\d+)", re.ASCII)
_DIGITS = 19        # of the largest number that C's atoi can tell


@register("ImageData")
class ImageData(ImageList):
    """The images and labels of the lines `path label` in the file `source`, starting again at the end.

    Channels are blue, green and red, or grey alone with `is_color: false`. With `shuffle` the lines are shuffled
    before the first round and after each one; with `rand_skip` the first round starts at a random line before that
    number. Images are decoded and resized as by OpenCV, to the bit (src/caffe/layers/image_data_layer.cpp).
    """

    tops = exactly(2)
    field = "image_data_param"
    transformations = ("resize_param", "noise_param")
    size_place = "image_data_layer.cpp:90"
    log_places = LogPlaces(*(f"image_data_layer.cpp:{line}" for line in (38, 53, 63, 70)))

    def open(self):
        self.open_list()
        path = self._path()
        return self.transformer.shape(self._read(path), path)

    def read_lines(self, source):
        return _lines(source)

    def example(self):
        path, label = self._path(), self.entry()[1]
        return Example(self._read(path), label, path, self.advance())

    def _path(self) -> str:
        return self.options.root_folder + self.entry()[0]

    def _read(self, path: str):
        return self.resized(self.read_image(path, self.options.is_color)).transpose(2, 0, 1)


def _lines(source: str) -> Sequence[tuple[str, int]]:
    """The paths and labels of a list; what stands behind a line's last space is its label, 0 if that is no number."""
    return read_entries(source, lambda lines: [_split(line) for line in lines], "path label")


def _split(line: str) -> tuple[str, int]:
    path, space, label = line.rpartition(" ")
    return (path if space else line), atoi(label)


def atoi(text: str) -> int:
    """The number that `text` begins with, as C's atoi has it: of 64 bits at most, of which the lower 32 are taken."""
    match = _WHOLE_NUMBER.match(text)
    if not match:
        return 0
    value = int(match[1] + match[2][:_DIGITS + 1])
    value = min(max(value, -2**63), 2**63 - 1)
    return (value + 2**31) % 2**32 - 2**31
