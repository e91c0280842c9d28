"""A net's layers for one image as pictures, from the input to the reconstruction (Fig. 7 of the paper)."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from ..errors import InputError
from ..hdf5 import reading
from .canvas import EMPTY, GREYS, MUTED, check_format, net_name, page, show_picture
from .mosaic import pictured
from .stored import stored

# Layers whose tops have their bottom's values in another shape; they would only repeat the picture before.
RESHAPING = ("Flatten", "Reshape", "Split")
CELL, SHOWN = 1.25, 1.1         # inches from one picture to the next, and of one, where many images share a page


@dataclass(frozen=True)
class Panel:
    """One blob for all images of the file: the layer that made it, and values (n, ...)."""

    layer: str
    values: np.ndarray


@dataclass(frozen=True)
class Activations:
    """The content of a file that `cae-caffe activations` wrote, panels in the net's order."""

    net: str
    images: list[int]
    label: np.ndarray | None
    panels: list[Panel]
    rowless: list[str]


def read_activations(path: str | os.PathLike[str]) -> Activations:
    """Read `path`; raises `InputError` if `cae-caffe activations` cannot have written it.

    The tops of Flatten, Reshape and Split layers are left out, for they repeat the values before them. So are blobs
    without a row for each image (a loss, say), whose names go to `rowless`.
    """
    with stored(path, ["image"], "cae-caffe activations") as file:
        images = file.dataset("image").numbers(reading.WHOLE_NUMBERS, axes=1).tolist()
        blobs = [blob for blob in _blobs(file) if blob.text_attribute("type") not in RESHAPING]
        layers = [blob.text_attribute("layer") for blob in blobs]
        # Of a layer with several tops each has its own name.
        panels = [Panel(layer if layers.count(layer) == 1 else blob.name, blob.numbers())
                  for layer, blob in zip(layers, blobs) if blob.shape[:1] == (len(images),)]
        rowless = [blob.name for blob in blobs if blob.shape[:1] != (len(images),)]
        label = file.dataset("label").numbers(axes=1) if file.find("label") else None
        net = file.text_attribute("net")
    if label is not None and len(label) != len(images):
        raise InputError(f"{path}: `label` has the shape {label.shape}, but there are {len(images)} images.")
    if not images or not panels:
        raise InputError(f"{path}: there are no images or no blobs in it; make the file with `cae-caffe activations`.")
    return Activations(net, images, label, panels, rowless)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what says which activations to draw, and how."""
    parser.add_argument("activations", metavar="ACTIVATIONS.h5", help="what `cae-caffe activations` wrote")
    parser.add_argument("--image", metavar="INDEX", type=int, nargs="+",
                        help="images to draw, by their index in the data (default: the first in the file); of several, "
                             "each gets a picture of its own, NAME-INDEX.png")
    parser.add_argument("--together", action="store_true", help="all images of the file on one page, a row each")


def pictures(arguments: argparse.Namespace) -> Sequence[Path | str]:
    """Draw what `arguments` say; the paths of the pictures."""
    if not arguments.together:
        return draw(arguments.activations, arguments.out, arguments.image)
    if arguments.image:
        raise InputError("--together draws all images of the file, so --image beside it says nothing; leave one out.")
    draw_together(arguments.activations, arguments.out)
    return [arguments.out]


def draw(activations_file: str | os.PathLike[str], out: str | os.PathLike[str],
         images: Iterable[int] | None = None) -> list[Path]:
    """Draw one page for each of `images`, indices into the data as the file's `image` has them; the first by default.

    Returns the pictures' paths: `out` itself for one image, else NAME-INDEX.EXT for each. A panel's title has the
    image's digit, the picture's number, the size as the paper writes it (width x height x maps), the layer, and the
    least and greatest value, which are black and white. Raises `InputError` for an image that the file does not have.
    """
    check_format(out)
    data = read_activations(activations_file)
    wanted = data.images[:1] if images is None else list(dict.fromkeys(images))
    for index in wanted:
        if index not in data.images:
            raise InputError(f"--image {index}: {activations_file} has the images {', '.join(map(str, data.images))}; "
                             "others must be chosen when `cae-caffe activations` writes it.")
    out = Path(out)
    paths = [out if len(wanted) == 1 else out.with_name(f"{out.stem}-{index}{out.suffix}") for index in wanted]
    for index, path in zip(wanted, paths):
        _draw_page(data, data.images.index(index), path)
    return paths


def draw_together(activations_file: str | os.PathLike[str], out: str | os.PathLike[str]) -> None:
    """Draw all images of the file on one page: a row an image, a column a layer, each picture from its least value
    (black) to its greatest (white). Raises `InputError` for an unusable file.
    """
    check_format(out)
    data = read_activations(activations_file)
    width, height = CELL * len(data.panels) + 1.0, CELL * len(data.images) + 1.5
    with page(out, width, height, arranged=False) as figure:
        axes = figure.add_axes((0, 0, 1, 1))
        axes.axis("off")
        for row, image in enumerate(data.images):
            for column, panel in enumerate(data.panels):
                _place(axes, pictured(panel.values[row]), 0.7 + CELL * column, 1.3 + CELL * row)
            name = f"{image}" if data.label is None else f"{data.label[row]:g}"
            axes.text(0.4, 1.3 + CELL * row + SHOWN / 2, name, fontsize=16, fontweight="bold", ha="center",
                      va="center")
        for column, panel in enumerate(data.panels):
            axes.text(0.7 + CELL * column + SHOWN / 2, 1.2, f"{panel.layer}\n{size(panel.values.shape[1:])}",
                      fontsize=8, ha="center", va="bottom")
        axes.text(0.7, 0.4, f"{net_name(data.net)}: every layer, for {len(data.images)} images", fontsize=14,
                  fontweight="bold", va="center")
        axes.set(xlim=(0, width), ylim=(height, 0), aspect="auto")      # last, for imshow sets them too


def _place(axes: Axes, picture: np.ndarray, left: float, upper: float) -> None:
    """Show `picture` (height, width) as large as fits into a square of SHOWN inches, in its middle."""
    high, wide = (SHOWN * side / max(picture.shape) for side in picture.shape)
    left, upper = left + (SHOWN - wide) / 2, upper + (SHOWN - high) / 2
    axes.add_patch(Rectangle((left, upper), wide, high, facecolor=EMPTY, linewidth=0))     # seen through empty cells
    axes.imshow(picture, cmap=GREYS, interpolation="nearest", extent=(left, left + wide, upper + high, upper), zorder=2)
    axes.add_patch(Rectangle((left, upper), wide, high, fill=False, edgecolor=MUTED, linewidth=0.6, zorder=3))


def size(shape: Sequence[int]) -> str:
    """One image's `shape` in the paper's order: "20x20x8" for 8 maps of 20 by 20, "250" for 250 units."""
    return "x".join(str(axis) for axis in reversed(shape)) or "1"


def _blobs(file: reading.Group) -> list[reading.Dataset]:
    orders = ((blob.number_attribute("order"), blob) for blob in file.all_datasets())
    return [blob for _, blob in sorted(((order, blob) for order, blob in orders if order is not None),
                                       key=lambda pair: pair[0])]


def _draw_page(data: Activations, row: int, out: Path) -> None:
    columns = max(4, ceil(sqrt(len(data.panels))))
    columns = min(columns, len(data.panels))
    rows = ceil(len(data.panels) / columns)
    with page(out, 2.9 * columns, 3.3 * rows + 0.5) as figure:
        grid = figure.subplots(rows, columns, squeeze=False).flat
        digit = "-" if data.label is None else f"{data.label[row]:g}"
        for number, (panel, axes) in enumerate(zip(data.panels, grid), 1):
            _draw_panel(axes, panel.values[row], (digit, f"{number:02d}"), panel.layer)
        for axes in grid:
            axes.axis("off")
        figure.suptitle(_heading(data, row), fontsize=14, fontweight="bold")


def _draw_panel(axes: Axes, values: np.ndarray, prefix: Sequence[str], layer: str) -> None:
    title = " \u00b7 ".join([*prefix, size(values.shape), layer])
    show_picture(axes, pictured(values), title, f"[{values.min():.3g}  {values.max():.3g}]")


def _heading(data: Activations, row: int) -> str:
    parts = [net_name(data.net), f"image {data.images[row]}"]
    if data.rowless:
        parts.append(f"without {', '.join(data.rowless)}")
    return ", ".join(filter(None, parts))
