"""Window files: images, and rectangles in them with a class and how much of an object each of them covers.

Words between blanks and line ends: for each image `# NUMBER PATH CHANNELS HEIGHT WIDTH`, the number of its windows, and
for each of these `CLASS OVERLAP X1 Y1 X2 Y2`, the corners included (src/caffe/layers/window_data_layer.cpp).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..errors import InputError
from ..lists import read_list, reason

_WHOLE = re.compile(r"[+-]?0*\d{1,8}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
# Caffe keeps a window's numbers as float32, which holds whole numbers up to here.
MOST = 1 << 24


class Window(NamedTuple):
    """A rectangle in image number `image`, from column x1 and row y1 to x2 and y2, these included."""

    image: int
    label: int      # 0 of the background, else the object's class
    x1: int
    y1: int
    x2: int
    y2: int


class ListedImage(NamedTuple):
    """What the file says of an image: `number` is what stands behind its `#`; `windows` counts them."""

    number: int
    path: str
    channels: int
    height: int
    width: int
    windows: int


@dataclass
class WindowFile:
    """The images in their order, the windows of objects and of the background, and how many there are of each class."""

    images: list[ListedImage] = field(default_factory=list)
    foreground: list[Window] = field(default_factory=list)
    background: list[Window] = field(default_factory=list)
    classes: Counter[int] = field(default_factory=lambda: Counter({0: 0}))

    def add(self, window: Window, overlap: np.float32, least: float, below: float) -> None:
        """Add a window that overlaps an object so much: `least` makes it one of an object, less than `below` of none.

        Raises ValueError for an object of class 0 or below.
        """
        if overlap >= least:
            if window.label <= 0:
                raise ValueError(f"the class {window.label} of a window that overlaps an object by {overlap:g}, at "
                                 f"least the `fg_threshold` {least:g}: the classes of objects are 1 or more")
            self.foreground.append(window)
        elif overlap < below:
            window = window._replace(label=0)
            self.background.append(window)
        else:
            return
        self.classes[window.label] += 1


def read(source: str, root_folder: str, fg_threshold: float, bg_threshold: float) -> WindowFile:
    """Read the window file `source`, whose paths begin in `root_folder`.

    Raises InputError if it cannot be read or is no such file, naming the line.
    """
    try:
        text = read_list(source, "surrogateescape")
    except (OSError, ValueError) as error:
        raise InputError(f"its `source` {source}, the window file, cannot be read ({reason(error)}); paths are "
                         f"relative to the working directory, {Path.cwd()}.") from None
    words = _Words(text)
    found = WindowFile()
    try:
        while words.are_left():
            _read_image(words, found, root_folder, fg_threshold, bg_threshold)
        _check(found)
    except ValueError as error:
        raise InputError(f"its `source` {source}, the window file, line {words.line}: {error}.") from None
    return found


def _read_image(words: _Words, found: WindowFile, root_folder: str, fg_threshold: float, bg_threshold: float) -> None:
    mark = words.next("the `#` of an image")
    if mark != "#":
        raise ValueError(f"`{mark}` stands where the next image should begin with `#`; does the number of windows of "
                         "the image before agree")
    number = words.whole("an image's number")
    path = root_folder + words.next("an image's path")
    image = ListedImage(number, path, *(words.whole(f"an image's {what}", 0) for what in (
        "number of channels", "height", "width", "number of windows")))
    found.images.append(image)
    for _ in range(image.windows):
        label, overlap = words.whole("a window's class"), words.number("a window's overlap")
        window = Window(number, label, *(words.whole(f"a window's {corner}") for corner in ("x1", "y1", "x2", "y2")))
        found.add(window, overlap, fg_threshold, bg_threshold)


def _check(found: WindowFile) -> None:
    if not found.images:
        raise ValueError("it is empty; it begins with `# 0` and the path of an image")
    for windows, what in ((found.foreground, "an object, whose overlap is at least `fg_threshold`"),
                          (found.background, "the background, whose overlap is below `bg_threshold`")):
        if not windows:
            raise ValueError(f"there is no window of {what}; a batch may take either kind")
    number = next((window.image for window in found.foreground + found.background
                   if not 0 <= window.image < len(found.images)), None)
    if number is not None:
        raise ValueError(f"windows belong to image number {number}, but there are {len(found.images)} images: number "
                         "them from 0 on")


class _Words:
    """The words of a text; `line` is where the last one stands."""

    def __init__(self, text: str):
        self.line = 1
        self._words = self._all(text)
        self._next = next(self._words, None)

    @staticmethod
    def _all(text: str) -> Iterator[tuple[int, str]]:
        for number, line in enumerate(text.split("\n"), 1):
            yield from ((number, word) for word in line.split())

    def are_left(self) -> bool:
        return self._next is not None

    def next(self, what: str) -> str:
        """Raises ValueError, for want of `what`, at the end."""
        if self._next is None:
            raise ValueError(f"the file ends where {what} should stand")
        (self.line, word), self._next = self._next, next(self._words, None)
        return word

    def whole(self, what: str, least: int = -MOST) -> int:
        word = self.next(what)
        if not _WHOLE.fullmatch(word) or not least <= int(word) <= MOST:
            raise ValueError(f"`{word[:40]}` stands where {what}, a whole number from {least} to {MOST}, should stand")
        return int(word)

    def number(self, what: str) -> np.float32:
        word = self.next(what)
        if not _NUMBER.fullmatch(word) or len(word) > MOST:
            raise ValueError(f"`{word[:40]}` stands where {what}, a number, should stand")
        return np.float32(word)
