"""A folder of images to Caffe's HDF5 data."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..errors import InputError
from ..files import write_text
from ..progress import bar
from . import pillow
from .conversion import Conversion, Converted, Rows, to_unit
from .hdf5_writer import write_errors

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")

_BILINEAR = 2       # Pillow's number: the names for it differ between its versions
# Pillow's modes of 16 bits and more, which its conversion to 8 bits would clip instead of scale.
_DEEP_MODES = ("I", "F")


class Labelled(NamedTuple):
    """An image file and the number of its class."""

    path: Path
    label: int


def convert_images(folder: str | os.PathLike, out: str | os.PathLike, height: int = 28, width: int = 28,
                   color: bool = False, shuffle: int | None = None, max_file: int | None = None) -> Converted:
    """Convert the images in `folder` to `out`.h5 and `out`.txt.

    `data` is (n, 1, height, width), or (n, 3, height, width) with `color`, in [0, 1]; `label` is (n,). The label of an
    image is the place, from 0, of its subfolder among the sorted subfolders, whose names `out`_labels.txt then lists
    one a line; without subfolders it is 0. Images come in the order of their paths or, with a seed in `shuffle`, in a
    random order that depends on it alone. They are turned as their Exif data say, made grey (ITU-R 601) or, with
    `color`, planes of blue, green and red, the order of Caffe's own tools (OpenCV's), and resized bilinearly.
    See Conversion for `max_file` and what is kept. InputError for an image that cannot be read, or a folder without
    any; RunError without Pillow (`pip install "cae-caffe[images]"`), or if writing fails.
    """
    pillow.require()
    if height < 1 or width < 1:
        raise InputError(f"--size {width}x{height} is not a size of images; both numbers must be at least 1.")
    images, classes = _find(Path(folder))
    if shuffle is not None:
        images = _shuffled(images, shuffle)
    shapes = {"data": (3 if color else 1, height, width), "label": ()}
    conversion = Conversion(out, len(images), shapes, f"images md5 {_md5(images)}", max_file)

    def read(start: int, stop: int) -> Rows:
        pixels = np.stack([_pixels(image.path, height, width, color) for image in images[start:stop]])
        return {"data": to_unit(pixels), "label": np.array([image.label for image in images[start:stop]], np.float32)}

    converted = conversion.ensure(read)
    if classes:
        labels_file = converted.list_file.with_name(f"{conversion.out.name}_labels.txt")
        with write_errors(labels_file):
            write_text(labels_file, "".join(f"{name}\n" for name in classes))
    return converted


def _find(folder: Path) -> tuple[list[Labelled], list[str]]:
    """The images in order, and the names of the classes: none if the images lie in `folder` itself."""
    if not folder.is_dir():
        raise InputError(f"`{folder}` is not a folder; give one with images, or with a subfolder for each class.")
    direct = _images_in(folder, "*")
    subfolders = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    if direct and subfolders:
        raise InputError(f"`{folder}` has both images (`{direct[0].name}`) and subfolders (`{subfolders[0].name}`), so "
                         "their classes are unclear; put all images into subfolders, or none.")
    by_class = [_images_in(subfolder, "**/*") for subfolder in subfolders] or [direct]
    for place, images in zip(subfolders or [folder], by_class):
        if not images:
            raise InputError(f"`{place}` has no images; their names end in {', '.join(SUFFIXES)}.")
    return ([Labelled(path, label) for label, images in enumerate(by_class) for path in images],
            [subfolder.name for subfolder in subfolders])


def _images_in(folder: Path, pattern: str) -> list[Path]:
    return sorted(path for path in folder.glob(pattern)
                  if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file())


def _shuffled(images: list[Labelled], seed: int) -> list[Labelled]:
    if not 0 <= seed < 2**32:
        raise InputError(f"--shuffle {seed} is no seed; give a number from 0 to {2**32 - 1}.")
    # RandomState's streams are frozen, so a seed means the same order with every NumPy.
    return [images[index] for index in np.random.RandomState(seed).permutation(len(images))]


def _md5(images: list[Labelled]) -> str:
    """A checksum over all files' contents and labels, in order."""
    digest = hashlib.md5(usedforsecurity=False)
    with bar(len(images), "checking images", "images") as progress:
        for image in images:
            try:
                content = image.path.read_bytes()
            except (OSError, MemoryError) as error:
                reason = getattr(error, "strerror", None) or "it does not fit into the memory"
                raise InputError(f"cannot read the image `{image.path}`: {reason}.") from error
            digest.update(f"{image.label} {len(content)} ".encode("ascii") + content)
            progress.update()
    return digest.hexdigest()


def _pixels(path: Path, height: int, width: int, color: bool) -> np.ndarray:
    """One image as uint8 (channels, height, width)."""
    def refusal(reason: str) -> InputError:
        return InputError(f"cannot read the image `{path}`: {reason}; replace or remove it.")

    with pillow.opened(path, refusal) as file:
        from PIL import ImageOps
        if file.mode.startswith(_DEEP_MODES):
            raise InputError(f"the image `{path}` has more than 8 bits a channel (Pillow's mode {file.mode}); "
                             "convert it to 8 bits first.")
        upright = ImageOps.exif_transpose(file).convert("RGB" if color else "L")
        pixels = np.asarray(upright.resize((width, height), _BILINEAR))
    return pixels[:, :, ::-1].transpose(2, 0, 1) if color else pixels[np.newaxis]
