"""The codes of labelled images in the plane, a colour a class (Figs. 1, 4, 5 and 6 of the paper)."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Union

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.colors import hsv_to_rgb

from ..analysis.tsne import embed, usual_perplexity
from ..errors import InputError
from .canvas import GRID, MUTED, check_format, net_name, page
from .stored import stored

# Ten hues that stay apart on white, neighbours in the digits' order most of all.
COLOURS = ("#d62728", "#1f77b4", "#2ca02c", "#ff8c00", "#8e44ad", "#17becf", "#8c564b", "#f032c8", "#9aa500", "#2b2b2b")
Colour = Union[str, tuple[float, float, float]]
TSNE_LIMIT = 5000
APART, PUSHES = 0.045, 50   # least distance of two classes' names, as a share of the plot, and steps to get there
POINTS_SEED = 0     # of the order in which points are drawn


@dataclass(frozen=True)
class Codes:
    """The content of a file that `cae-caffe encode` wrote; `label` is None if its source had none."""

    codes: np.ndarray
    label: np.ndarray | None
    net: str
    blob: str


def read_codes(path: str | os.PathLike[str]) -> Codes:
    """Read `path`; raises `InputError` if `cae-caffe encode` cannot have written it, or some code is not finite."""
    with stored(path, ["codes"], "cae-caffe encode") as file:
        label = file.dataset("label").numbers() if file.find("label") else None
        found = Codes(file.dataset("codes").numbers(), label, file.text_attribute("net"),
                      file.text_attribute("blob", "codes"))
    if found.codes.ndim != 2 or not found.codes.size or found.codes.shape[1] < 2:
        raise InputError(f"{path}: `codes` has the shape {found.codes.shape}, but a scatter needs images by two "
                         "numbers or more.")
    if label is not None and label.shape != found.codes.shape[:1]:
        raise InputError(f"{path}: `label` has the shape {label.shape}, but there are {len(found.codes)} codes.")
    if not np.isfinite(found.codes).all():
        raise InputError(f"{path}: some codes are not finite; the training of the net's weights diverged.")
    return found


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what says which codes to draw, and how."""
    parser.add_argument("codes", metavar="CODES.h5",
                        help="what `cae-caffe encode` wrote; more than 2 dimensions are drawn by t-SNE")
    parser.add_argument("--seed", type=int, default=1, help="of t-SNE and of the choice of --limit (default: 1)")
    parser.add_argument("--perplexity", type=float, help="of t-SNE (default: 30, or a third of fewer than 90 codes)")
    parser.add_argument("--limit", metavar="N", type=int,
                        help=f"draw N codes, picked at random (default: all; {TSNE_LIMIT} by t-SNE)")


def pictures(arguments: argparse.Namespace) -> list[str]:
    """Draw what `arguments` say; the paths of the pictures."""
    draw(arguments.codes, arguments.out, arguments.seed, arguments.perplexity, arguments.limit)
    return [arguments.out]


def draw(codes_file: str | os.PathLike[str], out: str | os.PathLike[str], seed: int = 1,
         perplexity: float | None = None, limit: int | None = None) -> None:
    """Draw the codes of `codes_file` to the picture `out`.

    Codes of two numbers are drawn as they are, longer ones by t-SNE with `seed` and `perplexity` (default: 30, or a
    third of fewer than 90 codes). `limit` is the number of codes to draw, picked at random by `seed`: by default all,
    or 5000 by t-SNE, whose time grows with it; the title says so. Raises `InputError` for an unusable file or option.
    """
    check_format(out)
    data = read_codes(codes_file)
    count, dimensions = data.codes.shape
    if limit is None:
        limit = count if dimensions == 2 else TSNE_LIMIT
    chosen = _sample(count, limit, seed)
    label = None if data.label is None else data.label[chosen]
    if dimensions == 2:
        how: CodesAsTheyAre | ByTSNE = CodesAsTheyAre(data.blob)
        points = data.codes[chosen]
    else:
        print(f"t-SNE of {len(chosen)} codes of {dimensions} dimensions ...", file=sys.stderr)
        perplexity = usual_perplexity(len(chosen)) if perplexity is None else perplexity
        how = ByTSNE(dimensions, f"perplexity {perplexity:g}, seed {seed}")
        points = embed(data.codes[chosen], perplexity, seed)
    draw_points(points, label, out, how, ", ".join(filter(None, [net_name(data.net), data.blob])), count)


@dataclass(frozen=True)
class CodesAsTheyAre:
    """Points that are codes of two numbers, those of `blob`."""

    blob: str
    dimensions: int = 2

    def name_axes(self, axes: Axes) -> None:
        axes.set(xlabel=f"{self.blob}, unit 0", ylabel=f"{self.blob}, unit 1")

    def __str__(self) -> str:
        return "2-dimensional codes"


@dataclass(frozen=True)
class ByTSNE:
    """Points that t-SNE made of codes of `dimensions` numbers; `options` are its own, in words."""

    dimensions: int
    options: str

    def name_axes(self, axes: Axes) -> None:
        axes.set(xticks=[], yticks=[], xlabel=f"t-SNE, {self.options}")

    def __str__(self) -> str:
        return f"{self.dimensions}-dimensional codes by t-SNE"


def draw_points(points: np.ndarray, label: np.ndarray | None, out: str | os.PathLike[str],
                how: CodesAsTheyAre | ByTSNE, name: str, count: int) -> None:
    """Draw `points` (n, 2) with their `label` (n,), None for no classes, to the picture `out`.

    `how` they came about (CodesAsTheyAre or ByTSNE), the `name` of what they show, and the `count` of images that they
    were chosen from are told in the title.
    """
    with page(out, 8.4, 7.2) as figure:
        axes = figure.subplots()
        _plot(axes, points, label)
        images = f"{count} images" if len(points) == count else f"{len(points)} of {count} images"
        axes.set_title(f"{name}: {how}, {images}", loc="left", pad=10)
        how.name_axes(axes)


def _sample(count: int, limit: int, seed: int) -> np.ndarray:
    """Indices of `limit` of `count` codes in rising order, or of all."""
    if not 0 <= seed < 2**32:
        raise InputError(f"--seed {seed}: it must be from 0 to {2**32 - 1}.")
    if limit < 1:
        raise InputError(f"--limit {limit}: it must be at least 1.")
    # RandomState's permutation is the same in every version of numpy; Generator's need not be.
    return np.sort(np.random.RandomState(seed).permutation(count)[:limit])


def _plot(axes: Axes, points: np.ndarray, label: np.ndarray | None) -> None:
    axes.set_axisbelow(True)
    axes.grid(True, linewidth=0.6)
    for spine in axes.spines.values():
        spine.set_color(GRID)
    classes = [] if label is None else np.unique(label).tolist()
    colour = dict(zip(classes, _colours(len(classes))))
    shades = [MUTED] * len(points) if label is None else [colour[value] for value in label.tolist()]
    # In random order, or the last class would lie on top of all others.
    order = np.random.RandomState(POINTS_SEED).permutation(len(points))
    size = np.clip(60000 / len(points), 5, 40)
    x, y = points[order].T
    axes.scatter(x, y, s=size, c=[shades[i] for i in order], alpha=0.7, linewidths=0, rasterized=True)
    if label is not None:
        _name_classes(axes, points, label, colour)


def _name_classes(axes: Axes, points: np.ndarray, label: np.ndarray, colour: dict[float, Colour]) -> None:
    """Write each class's name at the middle of its points, and a legend."""
    middles = np.array([np.median(points[label == value], axis=0) for value in colour])
    for (value, shade), (x, y) in zip(colour.items(), _apart(middles, np.ptp(points, axis=0))):
        text = axes.text(x, y, f"{value:g}", color=shade, fontsize=17, fontweight="bold", ha="center", va="center")
        text.set_path_effects([patheffects.withStroke(linewidth=4, foreground="white")])
    handles = [axes.scatter([], [], s=55, color=shade, label=f"{value:g}") for value, shade in colour.items()]
    axes.legend(handles=handles, loc="center left", bbox_to_anchor=(1.0, 0.5), labelspacing=0.9, handletextpad=0.2)


def _apart(positions: np.ndarray, extent: np.ndarray) -> np.ndarray:
    """`positions` (n, 2), in a plot of `extent` (2,), pushed away from each other until none hides another."""
    extent = np.maximum(extent, np.finfo(np.float32).tiny)      # all codes may be the same in one dimension
    places = positions / extent
    for _ in range(PUSHES):
        between = places[:, None] - places[None]
        distance = np.hypot(*np.moveaxis(between, -1, 0)) + np.eye(len(places))
        lacking = np.maximum(APART - distance, 0)[..., None]
        places = places + 0.5 * (lacking * between / np.maximum(distance, 1e-9)[..., None]).sum(axis=1)
    return places * extent


def _colours(count: int) -> Sequence[Colour]:
    if count <= len(COLOURS):
        return COLOURS
    # More classes than names for colours: spread them over the hues, in two brightnesses by turns.
    return [tuple(hsv_to_rgb((i / count, 0.85, 0.95 if i % 2 else 0.65))) for i in range(count)]

