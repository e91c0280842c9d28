"""One look for all figures, drawn without a display and saved so that equal input gives equal files."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from ..errors import InputError
from ..files import replacing

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType  # of newer matplotlibs than the oldest that this runs with

DPI = 150
INK, MUTED, GRID, EMPTY = "#1b1f24", "#5b6570", "#e3e7eb", "#dce6f2"

STYLE: dict[RcKeyType, Any] = {
    "font.family": "DejaVu Sans", "font.size": 10, "axes.titlesize": 11, "axes.labelsize": 10, "legend.fontsize": 10,
    "xtick.labelsize": 9, "ytick.labelsize": 9, "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": MUTED,
    "xtick.color": MUTED, "ytick.color": MUTED, "axes.linewidth": 0.8, "axes.grid": False, "grid.color": GRID,
    "figure.constrained_layout.w_pad": 0.1, "figure.constrained_layout.h_pad": 0.1,
    "legend.frameon": False, "figure.facecolor": "white", "savefig.facecolor": "white",
    "image.composite_image": False,     # else pictures side by side become one of few pixels in .svg and .pdf
    "svg.hashsalt": "cae-caffe",    # else element ids in .svg are random
}

# What each format writes about itself that changes from run to run, switched off.
METADATA = {".png": {"Software": None}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}

GENERATED_STEMS = ("deploy", "train_test")      # prototxt/MODEL/deploy.prototxt and its siblings

# Written out, since the way to ask matplotlib for "gray" changed between 3.3 and 3.9.
GREYS = LinearSegmentedColormap.from_list("cae-caffe greys", ["black", "white"])


@contextlib.contextmanager
def page(out: str | os.PathLike[str], width: float, height: float, arranged: bool = True) -> Iterator[Figure]:
    """Yield an empty `Figure` of `width` by `height` inches and save it as `out`, in the format of its extension.

    Its subplots are arranged by matplotlib unless `arranged` is false, when whoever adds axes says where they lie.
    Add subplots before the suptitle, or old versions of matplotlib make no room for that.
    Raises `InputError` for an extension other than .png, .svg or .pdf, before anything is drawn.
    """
    check_format(out)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(width, height), constrained_layout=arranged)
        FigureCanvasAgg(figure)
        yield figure
        suffix = Path(out).suffix.lower()
        with replacing(out) as part:
            figure.savefig(str(part), format=suffix[1:], dpi=DPI, metadata=METADATA[suffix])


def show_picture(axes: Axes, picture: np.ndarray, title: str, details: str) -> None:
    """Show `picture` (height, width), greys from its least value to its greatest, below a title and a line of details.

    Cells without a value (NaN) are pale blue. The top of the picture is at the top of the axes' place.
    """
    axes.set_facecolor(EMPTY)       # seen through the cells without a value
    axes.imshow(picture, cmap=GREYS, interpolation="nearest")
    axes.set(xticks=[], yticks=[], anchor="N")
    # As the x axis' label, on top, the details are part of what the layout makes room for; the title goes above it.
    axes.xaxis.set_label_position("top")
    axes.set_xlabel(details, fontsize=9.5, color=MUTED)
    axes.set_title(title)


def net_name(net_file: str | os.PathLike[str]) -> str:
    """What a net is called in a title: its file's name, or its folder's where the file's says only what it is for."""
    path = Path(net_file)
    return path.parent.name if path.stem in GENERATED_STEMS and path.parent.name else path.stem


def check_format(out: str | os.PathLike[str]) -> None:
    """Raise `InputError` unless the extension of `out` is one that pictures can be saved in."""
    if Path(out).suffix.lower() not in METADATA:
        raise InputError(f"{out}: pictures are saved by their extension, which must be one of {', '.join(METADATA)}.")
