"""The text of `cae-caffe verify`: parameters, losses and times of both engines, and whether they agree."""

from __future__ import annotations

from typing import List, Sequence

import numpy as np

from .verify import LOSS_TOLERANCE, PARAMETER_TOLERANCE, Comparison

ENGINES = ("real Caffe", "embedded")


def table(comparison: Comparison) -> str:
    """Three tables and a verdict."""
    iterations = len(comparison.losses)
    parts = [
        [f"{comparison.engines[0]} and {comparison.engines[1]}, from seed {comparison.seed}"],
        _aligned([("parameter", "shape", "initial values that differ", f"difference after {iterations}")]
                 + [(p.name, "x".join(map(str, p.shape)), _differing(p.differing, int(np.prod(p.shape))),
                     f"{p.difference:.2g}") for p in comparison.parameters]),
        _aligned([("iteration", *(f"{engine}: loss" for engine in ENGINES), "relative difference")]
                 + [(str(i), f"{real:.6g}", f"{ours:.6g}", f"{difference:.2g}") for i, ((real, ours), difference)
                    in enumerate(zip(comparison.losses, comparison.loss_differences))]),
        _times(comparison.seconds),
        _verdict(comparison),
    ]
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"


def _differing(differing: int, count: int) -> str:
    return f"{differing} of {count}" if differing else f"none of {count}"


def _aligned(rows: Sequence[Sequence[str]]) -> List[str]:
    """Lines of a table with a heading; the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows]
    return [lines[0], "  ".join("-" * width for width in widths), *lines[1:]]


def _times(seconds: np.ndarray) -> List[str]:
    """The median iteration's time; the first, on which buffers are made, is left out if there are others."""
    real, ours = np.median(seconds[1:] if len(seconds) > 1 else seconds, axis=0)
    return [f"An iteration takes {real * 1e3:.3g} ms in real Caffe and {ours * 1e3:.3g} ms in the embedded engine "
            f"({real / ours:.2f} times as fast)."]


def _verdict(comparison: Comparison) -> List[str]:
    start = "the same bytes" if comparison.identical_start else "NOT the same bytes"
    loss = comparison.loss_differences.max()
    parameter = max((p.difference for p in comparison.parameters), default=0.0)
    return [f"Initial weights: {start}.",
            f"Losses: largest relative difference {loss:.2g} (tolerance {LOSS_TOLERANCE:g}).",
            f"Parameters: largest difference {parameter:.2g} of a blob's largest value (tolerance "
            f"{PARAMETER_TOLERANCE:g}).",
            "The engines agree." if comparison.agrees else "THE ENGINES PART."]
