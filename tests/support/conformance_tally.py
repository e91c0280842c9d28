"""How many cases both engines were held against each other on, and how far they were apart, by type of layer."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np


@dataclass
class Count:
    """Of one type of layer. `largest` is the largest difference found, as a part of its blob's largest value."""

    cases: int = 0
    refused: int = 0            # by both engines
    largest: float = 0.0


_counts: dict[str, Count] = {}


def count(case, ours=None, real=None, agreement=None) -> None:
    """Note a case on which the engines agree: with their results and the Agreement, or without, if both refuse it."""
    for type_name in set(re.findall(r"""\btype: ["']([A-Z]\w*)["']""", case.text)):
        found = _counts.setdefault(type_name, Count())
        found.cases += 1
        if real is None:
            found.refused += 1
        else:
            found.largest = max(found.largest, largest_difference(ours, real, agreement))


def largest_difference(ours, real, agreement) -> float:
    """The largest difference of two results, as a part of the largest value of the blob that it is in."""
    pairs = [(mine[name], theirs[name]) for mine, theirs in zip(ours, real) for name in theirs
             if name not in agreement.ignore]
    return max((_relative(*pair, agreement.floor) for pair in pairs), default=0.0)


def _relative(ours: np.ndarray, real: np.ndarray, floor: float) -> float:
    finite = np.isfinite(real)
    size = max(float(np.abs(real[finite]).max(initial=0)), floor)
    difference = np.abs(ours[finite].astype(np.float64) - real[finite])
    return float(difference.max(initial=0)) / size if size else 0.0


def lines() -> list[str]:
    """A table by type of layer, the total last; empty if nothing was counted."""
    if not _counts:
        return []
    rows = [(name, found.cases, found.refused, found.largest) for name, found in sorted(_counts.items())]
    rows.append(("all", sum(row[1] for row in rows), sum(row[2] for row in rows), max(row[3] for row in rows)))
    return [f"{'layer':<24} {'cases':>7} {'refused by both':>16} {'largest difference':>19}",
            *(f"{name:<24} {cases:>7} {refused:>16} {largest:>19.1e}" for name, cases, refused, largest in rows)]
