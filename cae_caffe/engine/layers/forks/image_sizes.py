"""SSD's lists of images with their sizes (`name_size_file`)."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from .... import lists
from ....errors import InputError


class Image(NamedTuple):
    """An image's name without its ending, and its size in pixels."""

    name: str
    height: int
    width: int


def read(path: str) -> list[Image]:
    """The images in a file of lines `NAME HEIGHT WIDTH`, in the order of the data.

    Raises InputError if it cannot be read, a line says something else, or there is none.
    """
    try:
        lines = lists.read_list(path).splitlines()
    except (OSError, ValueError) as error:
        raise InputError(f"its `name_size_file` {path} cannot be read ({lists.reason(error)}); paths are relative to "
                         f"the working directory, {Path.cwd()}.") from None
    images = [_image(line.split(), f"{path}:{number}") for number, line in enumerate(lines, 1) if line.strip()]
    if not images:
        raise InputError(f"its `name_size_file` {path} holds no image; give a line `NAME HEIGHT WIDTH` for each.")
    return images


def _image(words: list[str], place: str) -> Image:
    if len(words) == 3 and all(word.isdecimal() and int(word) > 0 for word in words[1:]):
        return Image(words[0], int(words[1]), int(words[2]))
    raise InputError(f"{place}: the line `{' '.join(words)}` of its `name_size_file` is none of NAME HEIGHT WIDTH, the "
                     "last two whole numbers above 0; correct it.")


def check_resize(resize) -> None:
    """Raises InputError if a ResizeParameter's view does not say to which size images were resized."""
    if resize is not None and not (resize.height and resize.width):
        raise InputError(f"its `resize_param` has a `height` of {resize.height} and a `width` of {resize.width}; give "
                         "both above 0.")
