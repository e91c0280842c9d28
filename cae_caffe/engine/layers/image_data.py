"""ImageData: batches of image files that a list names."""

from __future__ import annotations

import os
import re
from pathlib import Path

from ...errors import InputError
from ...lists import read_list, reason
from .. import decoding, log
from ..layer import exactly
from ..resizing import resize
from ..rng import Stream
from .batches import BatchLayer, Example
from .data_source import found, number, order, require_same, require_source
from .registry import register

_WHOLE_NUMBER = re.compile(r"\s*([+-]?)0*(\d+)", re.ASCII)
_DIGITS = 19        # of the largest number that C's atoi can tell


@register("ImageData")
class ImageData(BatchLayer):
    """The images and labels of the lines `path label` in the file `source`, starting again at the end.

    Channels are blue, green and red, or grey alone with `is_color: false`. With `shuffle` the lines are shuffled
    before the first round and after each one; with `rand_skip` the first round starts at a random line before that
    number. Images are decoded and resized as by OpenCV, to the bit (src/caffe/layers/image_data_layer.cpp).
    """

    tops = exactly(2)
    field = "image_data_param"
    size_place = "image_data_layer.cpp:90"

    def open(self):
        options = self.options
        if bool(options.new_height) != bool(options.new_width):
            raise InputError(f"its `new_height` is {options.new_height} and its `new_width` {options.new_width}; give "
                             "both, or none.")
        require_source(options.source, self.field)
        log.info("image_data_layer.cpp:38", f"Opening file {options.source}")
        self.lines = _lines(options.source)
        self._order = list(range(len(self.lines)))
        self._folder = os.getcwd()          # which relative paths stay relative to
        if options.shuffle:
            log.info("image_data_layer.cpp:53", "Shuffling data")
            self._shuffler = Stream(self.context.stream().word())
            self._shuffle()
        log.info("image_data_layer.cpp:63", f"A total of {len(self.lines)} images.")
        self.line = self._first_line(options.rand_skip) if options.rand_skip else 0
        path = self._path()
        return self.transformer.shape(self._read(path), path)

    def _first_line(self, rand_skip: int) -> int:
        skip = self.context.stream().word() % rand_skip
        log.info("image_data_layer.cpp:70", f"Skipping first {skip} data points.")
        if skip >= len(self.lines):
            raise InputError(f"it is to skip {skip} of the {len(self.lines)} images in {self.options.source}; "
                             "give a `rand_skip` of at most their number.")
        return skip

    def _shuffle(self) -> None:
        self._order = self._order.copy()        # a recorded place keeps the one before
        self._shuffler.shuffle(self._order)

    def example(self):
        path, label = self._path(), self.lines[self._order[self.line]][1]
        image = self._read(path)
        self.line += 1
        is_last = self.line == len(self.lines)
        if is_last:
            self.line = 0
            if self.options.shuffle:
                self._shuffle()
        return Example(image, label, path, is_last)

    def _path(self) -> str:
        return self.options.root_folder + self.lines[self._order[self.line]][0]

    def reading_place(self):
        shuffled = {"order": self._order, "shuffler": self._shuffler.place} if self.options.shuffle else {}
        return {"line": self.line, "lines": len(self.lines), **shuffled}

    def read_from(self, place):
        require_same("images", number(place, "lines"), len(self.lines))
        self.line = number(place, "line", len(self.lines))
        if self.options.shuffle and "order" in place:
            self._order = order(place, "order", len(self.lines)).tolist()
            self._shuffler.place = found(place, "shuffler")

    def _read(self, path: str):
        image = decoding.read(os.path.join(self._folder, path), self.options.is_color)
        if self.options.new_height:
            image = resize(image, self.options.new_height, self.options.new_width)
        return image.transpose(2, 0, 1)


def _lines(source: str) -> list[tuple[str, int]]:
    """The paths and labels of a list; what stands behind a line's last space is its label, 0 if that is no number."""
    try:
        content = read_list(source, "surrogateescape")
    except (OSError, ValueError) as error:
        raise InputError(f"its `source` {source}, the list of images, cannot be read ({reason(error)}); paths are "
                         f"relative to the working directory, {Path.cwd()}.") from None
    lines = content.split("\n")
    if not lines[-1]:
        del lines[-1]
    if not lines:
        raise InputError(f"its `source` {source} is empty; give it a line `path label` for each image.")
    return [_split(line) for line in lines]


def _split(line: str) -> tuple[str, int]:
    path, space, label = line.rpartition(" ")
    return (path if space else line), _atoi(label)


def _atoi(text: str) -> int:
    """The number that `text` begins with, as C's atoi has it: of 64 bits at most, of which the lower 32 are taken."""
    match = _WHOLE_NUMBER.match(text)
    if not match:
        return 0
    value = int(match[1] + match[2][:_DIGITS + 1])
    value = min(max(value, -2**63), 2**63 - 1)
    return (value + 2**31) % 2**32 - 2**31
