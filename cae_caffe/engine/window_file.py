"""Window files: images, and rectangles in them with a class and how much of an object each of them covers.

Words between blanks and line ends: for each image `# NUMBER PATH CHANNELS HEIGHT WIDTH`, the number of its windows, and
for each of these `CLASS OVERLAP X1 Y1 X2 Y2`, the corners included (src/caffe/layers/window_data_layer.cpp). A file of
R-CNN's has millions of windows, so they are kept as arrays.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..errors import InputError
from ..lists import read_list, reason

# Of a window, with the patterns of such words; all but the overlap are whole numbers.
_COLUMNS = ("class", "overlap", "x1", "y1", "x2", "y2")
_OVERLAP = 1
_LETTER, _BLANKS = r"[^ \t\n\v\f\r]", r"[ \t\n\v\f\r]+"       # as C has them
_WORD = re.compile(f"{_LETTER}+")
_WHOLE = r"[+-]?[0-9]{1,12}"
_NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_WINDOW = "".join(_BLANKS + (_NUMBER if at == _OVERLAP else _WHOLE) for at in range(len(_COLUMNS)))
_AT_ONCE = 4096         # windows that are read by one pattern
# Caffe keeps a window's numbers as float32, which holds whole numbers up to here.
MOST = 1 << 24


class Window(NamedTuple):
    """A rectangle in image number `image`, from column x1 and row y1 to x2 and y2, these included.

    `label` is 0 of the background, else the object's class.
    """

    image: int
    label: int
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
    """The images in their order, the windows of objects and of the background, and how many there are of each class.

    Windows are int32 arrays (n, 6), each row a `Window`.
    """

    images: list[ListedImage] = field(default_factory=list)
    foreground: np.ndarray = field(default_factory=lambda: np.empty((0, 6), np.int32))
    background: np.ndarray = field(default_factory=lambda: np.empty((0, 6), np.int32))
    classes: Counter[int] = field(default_factory=lambda: Counter({0: 0}))


def read(source: str, root_folder: str, fg_threshold: float, bg_threshold: float) -> WindowFile:
    """Read the window file `source`, whose paths begin in `root_folder`.

    Windows whose overlap is at least `fg_threshold` are of objects, of the others those below `bg_threshold` of the
    background. Raises InputError if the file cannot be read or is no such file, naming the line.
    """
    try:
        text = read_list(source, "surrogateescape")
    except (OSError, ValueError) as error:
        raise InputError(f"its `source` {source}, the window file, cannot be read ({reason(error)}); paths are "
                         f"relative to the working directory, {Path.cwd()}.") from None
    words = _Words(text)
    try:
        return _read(words, root_folder, fg_threshold, bg_threshold)
    except ValueError as error:
        raise InputError(f"its `source` {source}, the window file, line {words.line}: {error}.") from None


def _read(words: _Words, root_folder: str, fg_threshold: float, bg_threshold: float) -> WindowFile:
    found = WindowFile()
    objects, others = [found.foreground], [found.background]
    while words.are_left():
        image = _image(words, root_folder)
        found.images.append(image)
        windows, overlaps = _windows(words, image)
        of_objects = overlaps >= np.float32(fg_threshold)
        nameless = np.flatnonzero(of_objects & (windows[:, 1] <= 0))
        if nameless.size:
            at = nameless[0]
            raise ValueError(f"window {at + 1} of the image before has the class {windows[at, 1]} and overlaps an "
                             f"object by {overlaps[at]:g}, at least the `fg_threshold` {fg_threshold:g}; the classes "
                             "of objects are 1 or more")
        objects.append(windows[of_objects])
        others.append(windows[~of_objects & (overlaps < np.float32(bg_threshold))])
    found.foreground, found.background = np.concatenate(objects), np.concatenate(others)
    found.background[:, 1] = 0
    _check(found)
    for windows in (found.foreground, found.background):
        labels, counts = np.unique(windows[:, 1], return_counts=True)
        found.classes.update(dict(zip(labels.tolist(), counts.tolist())))
    return found


def _image(words: _Words, root_folder: str) -> ListedImage:
    mark = words.next("the `#` of an image")
    if mark != "#":
        raise ValueError(f"`{mark[:40]}` stands where the next image should begin with `#`; does the number of windows "
                         "of the image before agree")
    number = words.whole("an image's number")
    path = root_folder + words.next("an image's path")
    return ListedImage(number, path, *(words.whole(f"an image's {what}", 0) for what in (
        "number of channels", "height", "width", "number of windows")))


def _windows(words: _Words, image: ListedImage) -> tuple[np.ndarray, np.ndarray]:
    """The windows of an image, as WindowFile has them, and their overlaps (n,), float32."""
    values = words.windows(image.windows)
    rows = np.empty((image.windows, len(Window._fields)), np.int32)
    rows[:, 0], rows[:, 1:] = image.number, np.delete(values, _OVERLAP, axis=1)
    return rows, values[:, _OVERLAP].astype(np.float32)


def _check(found: WindowFile) -> None:
    if not found.images:
        raise ValueError("it is empty; it begins with `# 0` and the path of an image")
    for windows, what in ((found.foreground, "an object, whose overlap is at least `fg_threshold`"),
                          (found.background, "the background, whose overlap is below `bg_threshold`")):
        if not len(windows):
            raise ValueError(f"there is no window of {what}; a batch may take either kind")
        missing = (windows[:, 0] < 0) | (windows[:, 0] >= len(found.images))
        if missing.any():
            raise ValueError(f"windows belong to image number {windows[missing][0, 0]}, but there are "
                             f"{len(found.images)} images: number them from 0 on")


class _Words:
    """The words of a text, one after the other."""

    def __init__(self, text: str):
        self._text = text
        self._start = self._end = 0         # of the last word

    @property
    def line(self) -> int:
        """Where the last word stands."""
        return self._text.count("\n", 0, self._start) + 1

    def are_left(self) -> bool:
        return _WORD.search(self._text, self._end) is not None

    def next(self, what: str) -> str:
        """Raises ValueError, for want of `what`, at the end."""
        found = _WORD.search(self._text, self._end)
        if found is None:
            raise ValueError(f"the file ends where {what} should stand")
        self._start, self._end = found.span()
        return found[0]

    def whole(self, what: str, least: int = -MOST) -> int:
        """Raises ValueError if no whole number from `least` on is next."""
        word = self.next(what)
        if not re.fullmatch(_WHOLE, word) or not least <= int(word) <= MOST:
            raise ValueError(f"`{word[:40]}` stands where {what}, a whole number from {least} to {MOST}, should stand")
        return int(word)

    def windows(self, count: int) -> np.ndarray:
        """The numbers of so many windows, (count, 6), float64; raises ValueError if one of them is none."""
        parts = (self._some_windows(min(_AT_ONCE, count - first)) for first in range(0, count, _AT_ONCE))
        return np.concatenate([np.empty((0, len(_COLUMNS))), *parts])

    def _some_windows(self, count: int) -> np.ndarray:
        block = re.compile(f"(?:{_WINDOW}){{{count}}}(?!{_LETTER})").match(self._text, self._end)
        values = np.fromstring(block[0], sep=" ") if block else np.empty(0)
        if block is None or np.abs(values).max() > MOST:
            for _ in range(count):
                self._check_window()
        self._start = self._end = block.end() if block else self._end
        return values.reshape(count, len(_COLUMNS))

    def _check_window(self) -> None:
        """Pass over a window's words; raises ValueError if one of them is no such number."""
        for number, name in enumerate(_COLUMNS):
            word = self.next("a window")
            pattern, kind = (_NUMBER, "a number") if number == _OVERLAP else (_WHOLE, "a whole number")
            if not re.fullmatch(pattern, word) or abs(float(word)) > MOST:
                raise ValueError(f"`{word[:40]}` stands where a window's {name}, {kind} from {-MOST} to {MOST}, should "
                                 "stand")
