"""What the layers have in common that read image files in the order of a list, one line after the other."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Callable, ClassVar, NamedTuple

import numpy as np

from ...errors import InputError
from ...lists import read_list, reason
from .. import decoding, log
from ..resizing import resize
from ..rng import Stream
from .batches import BatchLayer
from .data_source import found, number, order, require_same, require_source


class LogPlaces(NamedTuple):
    """Where a layer's own source logs what it does with its list."""

    opening: str
    shuffling: str
    total: str
    skipping: str


class ImageList(BatchLayer):
    """Goes through the entries of the list file `source`, starting again at the end.

    With `shuffle` they are shuffled before the first round and after each one; with `rand_skip` the first round starts
    at a random entry before that number. `options` has ImageDataParameter's fields of these names.
    """

    log_places: ClassVar[LogPlaces]

    def read_lines(self, source: str) -> Sequence[Any]:
        """The entries of the list file `source`. Raises InputError if it is none."""
        raise NotImplementedError

    def open_list(self) -> None:
        """Read the list, and go to the first entry. Raises InputError if it cannot be read, or for wrong options."""
        options = self.options
        if bool(options.new_height) != bool(options.new_width):
            raise InputError(f"its `new_height` is {options.new_height} and its `new_width` {options.new_width}; give "
                             "both, or none.")
        require_source(options.source, self.field)
        log.info(self.log_places.opening, f"Opening file {options.source}")
        self.lines = self.read_lines(options.source)
        self._order = list(range(len(self.lines)))
        self._folder = os.getcwd()          # which relative paths stay relative to
        if options.shuffle:
            log.info(self.log_places.shuffling, "Shuffling data")
            self._shuffler = Stream(self.context.stream().word())
            self._shuffle()
        log.info(self.log_places.total, f"A total of {len(self.lines)} images.")
        self.line = self._first_line(options.rand_skip) if options.rand_skip else 0

    def _first_line(self, rand_skip: int) -> int:
        skip = self.context.stream().word() % rand_skip
        log.info(self.log_places.skipping, f"Skipping first {skip} data points.")
        if skip >= len(self.lines):
            raise InputError(f"it is to skip {skip} of the {len(self.lines)} images in {self.options.source}; "
                             "give a `rand_skip` of at most their number.")
        return skip

    def _shuffle(self) -> None:
        self._order = self._order.copy()        # a recorded place keeps the one before
        self._shuffler.shuffle(self._order)

    def entry(self):
        """The entry where the reading stands."""
        return self.lines[self._order[self.line]]

    def advance(self) -> bool:
        """Go to the next entry; returns whether they begin again."""
        self.line += 1
        is_first = self.line == len(self.lines)
        if is_first:
            self.line = 0
            if self.options.shuffle:
                self._shuffle()
        return is_first

    def read_image(self, path: str, color: bool) -> np.ndarray:
        """The image of a path in the list, uint8 (H, W, channels)."""
        return decoding.read(os.path.join(self._folder, path), color)

    def resized(self, image: np.ndarray) -> np.ndarray:
        """The image in the layer's `new_height` and `new_width`, if it has these."""
        return resize(image, self.options.new_height, self.options.new_width) if self.options.new_height else image

    def reading_place(self):
        shuffled = {"order": self._order, "shuffler": self._shuffler.place} if self.options.shuffle else {}
        return {"line": self.line, "lines": len(self.lines), **shuffled}

    def read_from(self, place):
        require_same("images", number(place, "lines"), len(self.lines))
        self.line = number(place, "line", len(self.lines))
        if self.options.shuffle and "order" in place:
            self._order = order(place, "order", len(self.lines)).tolist()
            self._shuffler.place = found(place, "shuffler")


def read_entries(source: str, entries: Callable[[list[str]], Sequence[Any]], form: str) -> Sequence[Any]:
    """What `entries` makes of the lines of the list file `source`, each of the `form`.

    `entries` raises ValueError, whose text begins with the line, for one that it cannot take. Raises InputError if the
    file cannot be read, has such a line, or has none.
    """
    try:
        content = read_list(source, "surrogateescape")
    except (OSError, ValueError) as error:
        raise InputError(f"its `source` {source}, the list of images, cannot be read ({reason(error)}); paths are "
                         f"relative to the working directory, {Path.cwd()}.") from None
    lines = content.split("\n")
    if not lines[-1]:
        del lines[-1]
    try:
        found = entries(lines)
    except ValueError as error:
        raise InputError(f"its `source` {source}, the list of images, {error}.") from None
    if not found:
        raise InputError(f"its `source` {source} is empty; give it a line `{form}` for each image.")
    return found
