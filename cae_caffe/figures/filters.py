"""The trained filters of a net as pictures, layer by layer."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..analysis.nets import open_graph
from ..backend_protocol import Backend
from ..errors import InputError
from ..graph import Graph, Node
from .canvas import check_format, net_name, page, show_picture
from .mosaic import tiled

SHOWN = 400     # filters of one layer; more would be too small to see
PANEL, TEXT = 5.2, 0.8      # inches: the width of a layer's picture, and the height of the text above it
LONGEST = 3     # times as many rows as columns, or the reverse, if Caffe's own arrangement is kept
CONVOLUTIONS = ("Convolution", "Deconvolution")


@dataclass(frozen=True)
class Bank:
    """The filters (n, height, width) of one layer, what its weights mean, and the columns to show them in, if given."""

    layer: str
    meaning: str
    filters: np.ndarray
    columns: int | None = None

    @property
    def details(self) -> str:
        """What stands below the layer's name: the weights' meaning, how many are shown, their range."""
        count = len(self.filters)
        some = f", the first {SHOWN} of {count} shown" if count > SHOWN else ""
        return f"{self.meaning}{some}\n[{self.filters.min():.3g}  {self.filters.max():.3g}]"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what says which net and weights to draw."""
    parser.add_argument("net", metavar="NET", help="a deploy net, such as prototxt/cae1-n2/deploy.prototxt")
    parser.add_argument("weights", metavar="WEIGHTS", help="its .caffemodel or .caffemodel.h5")


def pictures(arguments: argparse.Namespace, backend: Backend) -> list[str]:
    """Draw what `arguments` say; the paths of the pictures."""
    draw(backend, arguments.net, arguments.weights, arguments.out)
    return [arguments.out]


def draw(backend: Backend, net_file, weights, out) -> None:
    """Draw the filters of every convolution and deconvolution of a net to the picture `out`.

    If the first layer with parameters is an inner product over an image, its weights are drawn too, a picture a unit.
    Each layer has its own grey scale, from the least (black) to the greatest (white) weight, in its title. At most 400
    filters of a layer are shown; the title says of how many. Raises `InputError` for unusable files and for a net
    without such layers.
    """
    check_format(out)
    _, graph = open_graph(backend, net_file, weights)
    banks = _banks(graph)
    if not banks:
        raise InputError(f"{net_file}: nothing to draw: no convolution or deconvolution in this net, and no inner "
                         "product directly behind an image.")
    pictures = [tiled(bank.filters[:SHOWN], bank.columns) for bank in banks]
    columns = min(2, len(banks))
    heights = _row_heights(pictures, columns)
    with page(out, PANEL * columns, sum(heights) + 0.7) as figure:
        grid = figure.subplots(len(heights), columns, squeeze=False, gridspec_kw={"height_ratios": heights}).flat
        for bank, picture, axes in zip(banks, pictures, grid):
            show_picture(axes, picture, bank.layer, bank.details)
        for axes in grid:
            axes.axis("off")
        figure.suptitle(f"{net_name(net_file)}\n{Path(weights).name}", fontsize=13, fontweight="bold")


def _row_heights(pictures, columns):
    """Inches that each row of a page needs for its tallest picture and the text above it."""
    heights = [PANEL * picture.shape[0] / picture.shape[1] + TEXT for picture in pictures]
    return [max(heights[at:at + columns]) for at in range(0, len(heights), columns)]


def _banks(graph: Graph) -> list[Bank]:
    nodes = [node for node in graph.nodes if node.weights]
    banks = [_convolution(node) for node in nodes if node.type in CONVOLUTIONS]
    return (_over_image(graph, nodes[0]) if nodes else []) + banks


def _convolution(node: Node) -> Bank:
    weights = node.weights[0].array
    if weights.ndim != 4:
        raise InputError(f"{node.file}: the weights of layer `{node.name}` have {weights.ndim} axes; only filters over "
                         "images, whose weights have 4, can be drawn.")
    rows, columns, height, wide = weights.shape
    # Caffe keeps the outputs first in a convolution's weights and the inputs first in a deconvolution's.
    axes = ("outputs", "inputs") if node.type == "Convolution" else ("inputs", "outputs")
    meaning = f"{rows} {axes[0]} x {columns} {axes[1]}, {height}x{wide}"
    in_rows = rows * columns <= SHOWN and max(rows, columns) <= LONGEST * min(rows, columns)
    return Bank(node.name, meaning, weights.reshape(-1, height, wide), columns if in_rows else None)


def _over_image(graph: Graph, node: Node) -> list[Bank]:
    image = graph.blobs[0]
    if node.type != "InnerProduct" or len(image.shape) != 4:
        return []
    weights = node.weights[0].array
    if weights.ndim != 2 or weights.shape[1] != image.row_size:
        return []
    _, channels, height, wide = image.shape
    meaning = f"{len(weights)} units x {channels} inputs, {height}x{wide}"
    return [Bank(node.name, meaning, weights.reshape(-1, height, wide))]
