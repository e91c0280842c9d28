"""A diagnosis as text: a table with a line for each layer, then the sentences."""

from __future__ import annotations

from math import isfinite

from .diagnosis import Diagnosis, sentences

HEADINGS = ("layer", "type", "blob", "size", "min", "max", "mean", "saturated", "dead", "NaN", "inf", "bad weights")
WORDS = 4       # columns of words, to the left of the numbers


def diagnosis_text(found: Diagnosis) -> str:
    """The table and the sentences; sizes are Caffe's without the batch, ranges those of the finite values."""
    rows = [HEADINGS, *(_cells(layer) for layer in found.layers)]
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = ["  ".join(cell.ljust(width) if at < WORDS else cell.rjust(width)
                       for at, (cell, width) in enumerate(zip(row, widths))).rstrip() for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join([*lines, "", *sentences(found)]) + "\n"


def _cells(layer):
    share = "" if layer.saturated is None else f"{layer.saturated:.1%}"
    dead = f"{layer.dead}/{layer.units}" if layer.units else ""
    numbers = (f"{value:.4g}" if isfinite(value) else "-" for value in (layer.low, layer.high, layer.mean))
    counts = (str(count or "") for count in (layer.nan, layer.infinite, layer.broken_parameters))
    return (layer.name, layer.type, layer.blob, "x".join(map(str, layer.shape)), *numbers, share, dead, *counts)
