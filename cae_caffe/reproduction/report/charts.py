"""Loss curves as small SVG charts, one a model, its runs over each other and the paper's test losses as a band."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..losses import LOSSES
from ..paper import REPORTED
from .html import Markup, element, joined
from .records import Record, Records

WIDTH, HEIGHT = 360, 210
LEFT, RIGHT, TOP, BOTTOM = 40, 8, 10, 26       # the margins around the plot
POINTS = 250        # of a curve at most
START = 0.05        # losses begin high: the axis is made for what comes behind this share of the iterations
SHADES = 6          # colours there are for runs; report.css names them run0 to run5, and real Caffe's real
STEPS = (1, 2, 2.5, 5, 10)

Point = tuple[float, float]


@dataclass(frozen=True)
class _Axes:
    """Where values lie in the chart: `x` from 0 to `end`, `y` from `low` to `high`; what is beyond, at the border."""

    end: float
    low: float
    high: float

    def x(self, iteration: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * iteration / self.end

    def y(self, value: float) -> float:
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share

    def path(self, points: Iterable[Point]) -> str:
        return " ".join(f"{self.x(at):.1f},{self.y(value):.1f}" for at, value in points)


def charts(records: Records) -> Markup:
    """A figure for each model that has a curve."""
    models: dict[str, list[Record]] = {}
    for run in records.runs:
        if _finite(run.curves.get("loss", [])):
            models.setdefault(run.model, []).append(run)
    if not models:
        return element("p", "No run has left a curve yet.")
    return joined([element("p", "Cross-entropy per image against the iteration. Thin: the training mini-batches; dots: "
                           "all test images; the band: from the paper's lowest to its highest test loss. The first "
                           "iterations run off the top.", class_="note"),
                   element("div", *(_figure(model, runs) for model, runs in models.items()), class_="charts")])


def _figure(model: str, runs: Sequence[Record]) -> Markup:
    axes = _axes(model, runs)
    shades = ["real" if run.real else f"run{at % SHADES}" for at, run in enumerate(runs)]
    lines = joined(_run(axes, run, shade) for run, shade in zip(runs, shades))
    keys = joined(element("span", element("i", class_=f"key {shade}"), _ending(run))
                  for run, shade in zip(runs, shades))
    drawing = element("svg", _grid(axes), _band(axes, model), lines, viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img",
                      aria_label=f"Loss curves of {model}: " + "; ".join(_ending(run) for run in runs))
    name = model if model in REPORTED else f"{model}, which has another loss"
    return element("figure", element("figcaption", element("strong", name), keys), drawing)


def _ending(run: Record) -> str:
    """The run in words, with its last training loss."""
    at, value = run.curves["loss"][-1]
    return f"{run.label}: {value:.1f}" if run.done else f"{run.label}: {value:.1f} at {at}, unfinished"


def _axes(model: str, runs: Sequence[Record]) -> _Axes:
    curves = [_finite(points) for run in runs for points in (run.curves["loss"], _tests(run))]
    end = max([run.length or run.reached for run in runs] + [1])
    later = [value for points in curves for at, value in points if at > START * end]
    known = later or [value for points in curves for _, value in points]
    reported = [pair[0] for pair in REPORTED[model].test] if model in REPORTED else []
    low, high = min(known + reported), max(known + reported)
    margin = 0.06 * (high - low) or max(1.0, abs(high))
    return _Axes(end, low - margin, high + margin)


def _tests(run: Record) -> Sequence[Point]:
    return run.curves.get("test", {}).get(LOSSES[0], [])


def _finite(points: Iterable[Sequence[float]]) -> list[Point]:
    return [(at, value) for at, value in points if math.isfinite(value)]


def _run(axes: _Axes, run: Record, class_: str) -> Markup:
    curve = _finite(run.curves["loss"])
    step = max(1, math.ceil(len(curve) / POINTS))
    thinned = curve[::step] + ([curve[-1]] if (len(curve) - 1) % step else [])
    dots = [element("circle", cx=f"{axes.x(at):.1f}", cy=f"{axes.y(value):.1f}", r=2.6)
            for at, value in _finite(_tests(run))]
    return element("g", element("polyline", points=axes.path(thinned)), *dots, class_=f"run {class_}")


def _band(axes: _Axes, model: str) -> Markup:
    if model not in REPORTED:
        return Markup("")
    tests = [pair[0] for pair in REPORTED[model].test]
    top, bottom = axes.y(max(tests)), axes.y(min(tests))
    return element("rect", x=LEFT, y=f"{top:.1f}", width=WIDTH - LEFT - RIGHT, height=f"{max(bottom - top, 1.5):.1f}",
                   class_="band")


def _grid(axes: _Axes) -> Markup:
    rows = [element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=f"{axes.y(value):.1f}", y2=f"{axes.y(value):.1f}")
            + element("text", f"{value:g}", x=LEFT - 5, y=f"{axes.y(value) + 3.5:.1f}", text_anchor="end")
            for value in _ticks(axes.low, axes.high, 4)]
    columns = [element("text", f"{value:g}", x=f"{axes.x(value):.1f}", y=HEIGHT - 8, text_anchor="middle")
               for value in _ticks(0, axes.end * 0.999, 4)]
    return element("g", *map(Markup, rows), *columns, class_="grid")


def _ticks(low: float, high: float, about: int) -> list[float]:
    """Round numbers from `low` to `high`, `about` so many."""
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * step for step in STEPS if power * step >= rough)
    first = math.ceil(low / step)
    return [round(index * step, 10) for index in range(first, math.floor(high / step) + 1)]
