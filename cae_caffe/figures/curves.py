"""Loss curves over training, out of one or several logs."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from ..analysis.log import Curve, Output, TrainingLog, read_log
from .canvas import page

COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#ff8c00", "#8e44ad", "#17becf", "#8c564b", "#f032c8")
# By kind of curve: training first, then the test nets by number.
LINES = ("-", "-", "--", "-.", ":")
MARKERS = ("", "o", "s", "^", "D")
START = 0.05        # losses begin high: the axis is made for what comes behind this share of the iterations
LOG_SPAN = 5.0      # values there that span more than this ratio are drawn on a logarithmic axis


@dataclass(frozen=True)
class Line:
    """One curve of one log: `log` and `kind` (0: training, then test nets) choose its colour and its stroke."""

    curve: Curve
    name: str
    log: int
    kind: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what says which logs to draw."""
    parser.add_argument("logs", metavar="LOG", nargs="+", help="log of `caffe train` or `cae-caffe train`")


def pictures(arguments: argparse.Namespace) -> list[str]:
    """Draw what `arguments` say; the paths of the pictures."""
    draw(arguments.logs, arguments.out)
    return [arguments.out]


def draw(log_files: Iterable[str | os.PathLike[str]], out: str | os.PathLike[str]) -> None:
    """Draw the logs' training loss and the outputs of their training and test nets against the iteration.

    There is a panel for each output, in which several logs lie over each other. The training loss has its own panel
    unless it is one output by itself (weight 1, no other weighs), when it stands for that output's training curve.
    The first twentieth of the iterations may run off the top of a panel, which then says how high. Values that are not
    finite are left out, and the panel says from where, or that there are no others. Raises `InputError` for a log with
    neither a loss nor a test.
    """
    logs = [read_log(path) for path in log_files]
    panels = _panels(logs)
    with page(out, 9.6 if len(logs) == 1 else 12.6, 0.6 + 3.6 * len(panels)) as figure:
        for axes, (title, lines) in zip(figure.subplots(len(panels), 1, sharex=True, squeeze=False).flat,
                                        panels.items()):
            _draw_panel(axes, title, lines, many=len(logs) > 1)
        figure.axes[-1].set_xlabel("iteration")
        figure.suptitle(", ".join(_names(logs)), fontsize=12, fontweight="bold")


def _panels(logs: Sequence[TrainingLog]) -> dict[str, list[Line]]:
    panels: dict[str, list[Line]] = {}
    for at, (log, name) in enumerate(zip(logs, _names(logs))):
        prefix = f"{name}: " if len(logs) > 1 else ""
        loss = _loss_output(log)
        if log.loss.values:         # with `display: 0` there are tests alone
            panels.setdefault(loss or "loss", []).append(Line(log.loss, prefix + "training", at, 0))
        for output, curve in log.train.items():
            title = _title(output, log.train)
            if title != loss:
                panels.setdefault(title, []).append(Line(curve, prefix + "training", at, 0))
        for kind, (net, outputs) in enumerate(sorted(log.test.items()), 1):
            for output, curve in outputs.items():
                line = Line(curve, prefix + log.test_name(net), at, kind)
                panels.setdefault(_title(output, outputs), []).append(line)
    return panels


def _loss_output(log: TrainingLog) -> str | None:
    """Title of the one output that the training loss consists of, or None."""
    weighted = [output for output in log.train if output.weight]
    return _title(weighted[0], log.train) if len(weighted) == 1 and weighted[0].weight == 1 else None


def _title(output: Output, outputs: Iterable[Output]) -> str:
    # Two outputs of one name are told apart by their number: a vector's elements, or losses that share a name.
    alike = sum(other.name == output.name for other in outputs)
    return output.name if alike == 1 else f"{output.name} #{output.number}"


def _names(logs: Sequence[TrainingLog]) -> list[str]:
    """A short name for each log: its file's, or its path where two files share a name."""
    stems = [log.path.name for log in logs]
    return stems if len(set(stems)) == len(stems) else [str(log.path) for log in logs]


def _draw_panel(axes: Axes, title: str, lines: Sequence[Line], many: bool) -> None:
    axes.set_title(title, loc="left", fontweight="bold")
    axes.grid(True, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines["top"].set_visible(False)
    axes.spines["right"].set_visible(False)
    for line in lines:
        _draw_line(axes, line, COLOURS[(line.log if many else line.kind) % len(COLOURS)])
    _scale(axes, lines)
    if many:
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    else:
        axes.legend(loc="upper right")


def _draw_line(axes: Axes, line: Line, colour: str) -> None:
    iterations, values = np.array(line.curve.iterations), np.array(line.curve.values)
    finite = np.isfinite(values)
    name = line.name
    if not finite.all():
        name += f" (not finite from iteration {iterations[~finite][0]})"
    width, alpha = (1.0, 0.6) if line.kind == 0 else (1.6, None)
    axes.plot(iterations, np.where(finite, values, np.nan), color=colour, label=name, markersize=4.5,
              linestyle=LINES[line.kind % len(LINES)], marker=MARKERS[line.kind % len(MARKERS)], linewidth=width,
              alpha=alpha)


def _scale(axes: Axes, lines: Sequence[Line]) -> None:
    points = np.concatenate([np.array([line.curve.iterations, line.curve.values]) for line in lines], axis=1)
    points = points[:, np.isfinite(points[1])]
    if not points.size:
        axes.text(0.5, 0.5, "no value is finite", transform=axes.transAxes, ha="center", va="center")
    later = points[1, points[0] > START * points[0].max(initial=0)]
    if not later.size:
        return
    low, high, top = later.min(), later.max(), points[1].max()
    if low > 0 and high > LOG_SPAN * low:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(FuncFormatter(lambda value, _: ""))
    elif top > high > low:
        axes.set_ylim(min(low, points[1].min()) - 0.05 * (high - low), high + 0.25 * (high - low))
        axes.set_title(f"{axes.get_title(loc='left')}, from {top:.4g} at the start", loc="left", fontweight="bold")
