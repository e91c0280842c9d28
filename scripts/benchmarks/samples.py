"""What is made of the measurements: medians with their spread, the best of several sides, ratios round by round."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

Summary = dict[str, object]


def summary(samples: Sequence[float]) -> Summary:
    """The median, the lowest and the highest of `samples`, and the samples themselves, a round each."""
    return {"median": statistics.median(samples), "lowest": min(samples), "highest": max(samples),
            "rounds": list(samples)}


def best(rates: Mapping[str, Sequence[float]]) -> str:
    """The key of the highest median."""
    return max(rates, key=lambda key: statistics.median(rates[key]))


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Summary:
    """The summary of ours divided by theirs, round by round: what slows a whole round cancels out.

    ValueError if they are not of the same rounds.
    """
    if len(ours) != len(theirs):
        raise ValueError(f"{len(ours)} rounds cannot be divided by {len(theirs)}")
    quotients: list[float] = [a / b for a, b in zip(ours, theirs)]
    return summary(quotients)
