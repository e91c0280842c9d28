"""The architecture of a net, drawn from its prototxt: a box a layer, with kernels and map sizes (Fig. 3)."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch, Rectangle

from ..analysis.nets import open_graph
from ..backend_protocol import Backend
from .canvas import INK, MUTED, check_format, net_name, page
from .drawing import NEURONS, Drawing, drawing_of
from .placing import Placing, placed

HEIGHT, GAP_X, GAP_Y = 0.56, 0.6, 0.32     # inches: a box, and from one to the next
MARGIN, TOP = 0.45, 1.15        # inches around all boxes, and above them for the title
LARGEST_MAP, MAPS, SHIFT = 0.34, 4, 0.045      # inches of the largest map; maps drawn at most, and inches between them
LONGEST_BAR, THINNEST = 0.8, 0.03       # inches of the longest row of neurons, and of the least that is drawn
SIZE = 1.05                     # inches for a size at a box's right edge
NAME, DETAIL = 0.1, 0.067       # inches that a letter of a name, and of what stands below it, takes about
LANE = 0.28                     # inches from a box, or a line, to a line that goes round

# Of a kind of layer, the colours of its box and of its border.
COLOURS = {
    "data": ("#eef0f2", "#8a949e"), "convolution": ("#dbe9f7", "#1f77b4"), "deconvolution": ("#dcf1dc", "#2ca02c"),
    "neurons": ("#fdebd0", "#d97a00"), "loss": ("#f9dddd", "#c0392b"), "other": ("#ffffff", "#9aa3ac"),
}
KINDS = {"Convolution": "convolution", "Deconvolution": "deconvolution", **dict.fromkeys(NEURONS, "neurons")}


@dataclass(frozen=True)
class _Sheet:
    """What is drawn, and how wide its boxes are in inches; coordinates are inches from the upper left."""

    drawing: Drawing
    placing: Placing
    box: float

    @property
    def edge(self) -> float:
        """The right edge of the last column."""
        return self.left(self.placing.columns - 1) + self.box

    @property
    def bottom(self) -> float:
        return self.upper(self.placing.rows - 1) + HEIGHT

    def left(self, column) -> float:
        return MARGIN + column * (self.box + GAP_X)

    def upper(self, row) -> float:
        return TOP + row * (HEIGHT + GAP_Y)

    def corner(self, at: int) -> tuple[float, float]:
        """The upper left corner of box number `at`."""
        column, row = self.placing.places[at]
        return self.left(column), self.upper(row)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what says which net to draw."""
    parser.add_argument("net", metavar="NET", help="a prototxt, such as prototxt/cae1-n2/deploy.prototxt")


def pictures(arguments: argparse.Namespace, backend: Backend) -> list[str]:
    """Draw what `arguments` say; the paths of the pictures."""
    draw(backend, arguments.net, arguments.out)
    return [arguments.out]


def draw(backend: Backend, net_file, out) -> None:
    """Draw the layers of the prototxt `net_file` to the picture `out`, from top to bottom.

    An auto-encoder is folded at its code: the encoder runs down on the left, the decoder up on the right, losses stand
    between them. A box has the layer's name and type, its kernel (height x width) and number of maps or its number of
    neurons, and the size of its output as the paper writes it (width x height x maps), with a sketch of it to scale.
    A train_test net is drawn as it is in phase TRAIN and needs its data. Raises `InputError` for an unusable file.
    """
    check_format(out)
    _, graph = open_graph(backend, net_file, phase="train")
    drawing = drawing_of(graph)
    sheet = _Sheet(drawing, placed(drawing), _box_width(drawing.boxes))
    lanes = _lanes(sheet)
    width, height = max([sheet.edge, *lanes.values()]) + MARGIN, sheet.bottom + MARGIN
    with page(out, width, height, arranged=False) as figure:
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, width), ylim=(height, 0))
        axes.axis("off")
        _draw_edges(axes, sheet, lanes)
        for at in range(len(drawing.boxes)):
            _draw_box(axes, sheet, at)
        _draw_headings(axes, sheet, net_name(net_file))


def _box_width(boxes) -> float:
    """Inches that the longest texts need."""
    return max(max(NAME * len(box.name) + LONGEST_BAR, DETAIL * len(box.details) + LARGEST_MAP + MAPS * SHIFT)
               for box in boxes) + SIZE + 0.4


def _draw_box(axes: Axes, sheet, at):
    box, (left, upper) = sheet.drawing.boxes[at], sheet.corner(at)
    kind = "loss" if box.is_loss else KINDS.get(box.type, "other" if box.sources else "data")
    fill, line = COLOURS[kind]
    axes.add_patch(FancyBboxPatch((left, upper), sheet.box, HEIGHT, boxstyle="round,pad=0,rounding_size=0.08",
                                  facecolor=fill, edgecolor=line, zorder=3,
                                  linewidth=2.6 if at == sheet.drawing.code else 1.2))
    right = left + sheet.box - 0.12
    look: dict[str, Any] = {"va": "center", "zorder": 4}
    axes.text(left + 0.12, upper + 0.19, box.name, fontsize=10.5, fontweight="bold", **look)
    axes.text(left + 0.12, upper + 0.39, box.details, fontsize=8, color=MUTED, **look)
    axes.text(right, upper + 0.19, box.size, fontsize=9, ha="right", **look)
    if box.shares:
        axes.text(right, upper + 0.39, f"weights of {box.shares}", fontsize=8, color=MUTED, ha="right", **look)
    _sketch(axes, sheet.drawing.boxes, box, right - SIZE, upper, facecolor="white", edgecolor=line, linewidth=0.8,
            zorder=4)


def _sketch(axes, boxes, box, right, upper, **look):
    """A stack of maps, or a bar for a row of neurons, to the scale of the net's largest."""
    if box.row:
        wide = max(LONGEST_BAR * box.row / max(other.row for other in boxes), THINNEST)
        axes.add_patch(Rectangle((right - wide, upper + 0.155), wide, 0.07, **look))
    elif len(box.shape) == 3:
        largest = max(max(other.shape[1:]) for other in boxes if len(other.shape) == 3)
        high, wide = (max(LARGEST_MAP * side / largest, THINNEST) for side in box.shape[1:])
        spread = SHIFT * (min(box.shape[0], MAPS) - 1)
        for at in range(min(box.shape[0], MAPS)):
            corner = right - wide - spread + SHIFT * at, upper + (HEIGHT - high - spread) / 2 + SHIFT * at
            axes.add_patch(Rectangle(corner, wide, high, **look))


def _lanes(sheet) -> dict[tuple[int, int], float]:
    """Edges that would run over other boxes, with the x of the line, beside all boxes, that they take."""
    found: dict[tuple[int, int], float] = {}
    if sheet.drawing.code is None:
        for at, box in enumerate(sheet.drawing.boxes):
            for source, _ in box.sources:
                if sheet.placing.places[at][1] - sheet.placing.places[source][1] > 1:
                    found.setdefault((source, at), sheet.edge + LANE * (len(found) + 1))
    return found


def _draw_edges(axes, sheet, lanes):
    for at, box in enumerate(sheet.drawing.boxes):
        for source, blob in dict(box.sources).items():
            (left, upper), (to_left, to_upper) = sheet.corner(source), sheet.corner(at)
            if (source, at) in lanes:
                x = lanes[source, at]
                _arrow(axes, _sideways(left + sheet.box, upper, to_left + sheet.box, to_upper, x))
                axes.text(x + 0.05, (upper + to_upper + HEIGHT) / 2, blob, fontsize=8, color=MUTED, rotation=90,
                          va="center")
            elif sheet.drawing.code is not None and left != to_left:
                start, end = (left + sheet.box, to_left) if to_left > left else (left, to_left + sheet.box)
                # The corner lies before the end, so that lines of two columns never meet between others' boxes.
                _arrow(axes, _sideways(start, upper, end, to_upper, end - GAP_X / 2 * (1 if end > start else -1)))
            else:
                _arrow(axes, _upright(left + sheet.box / 2, upper, to_left + sheet.box / 2, to_upper))


def _sideways(x, upper, to_x, to_upper, corner):
    """The way from a box's side to another's, up or down at x = `corner`."""
    y, to_y = upper + HEIGHT / 2, to_upper + HEIGHT / 2
    return [(x, y), (to_x, y)] if y == to_y else [(x, y), (corner, y), (corner, to_y), (to_x, to_y)]


def _upright(x, upper, to_x, to_upper):
    """The way from a box's lower side to the upper side of a box in a row below, or the reverse."""
    y, to_y = (upper + HEIGHT, to_upper) if to_upper > upper else (upper, to_upper + HEIGHT)
    corner = (y + to_y) / 2
    return [(x, y), (to_x, to_y)] if x == to_x else [(x, y), (x, corner), (to_x, corner), (to_x, to_y)]


def _arrow(axes, points):
    axes.plot(*zip(*points[:-1]), color=INK, linewidth=1.0, zorder=1, solid_joinstyle="round")
    axes.annotate("", xy=points[-1], xytext=points[-2], zorder=2,
                  arrowprops={"arrowstyle": "-|>", "color": INK, "linewidth": 1.0, "shrinkA": 0, "shrinkB": 0})


def _draw_headings(axes, sheet, name):
    drawing = sheet.drawing
    axes.text(MARGIN, 0.42, name, fontsize=14, fontweight="bold", va="center")
    parts = [f"{len(drawing.boxes)} layers, {drawing.parameters} parameters"]
    if drawing.code is not None:
        code = drawing.boxes[drawing.code]
        parts.append(f"code: {code.name}, {code.size} numbers")
    axes.text(MARGIN, 0.7, "; ".join(parts), fontsize=9.5, color=MUTED, va="center")
    for column, heading in sheet.placing.headings.items():
        axes.text(sheet.left(column) + sheet.box / 2, TOP - 0.16, heading, fontsize=10, color=MUTED, ha="center",
                  va="center", style="italic")
