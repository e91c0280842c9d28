"""A run's two losses: as a pair out of its record, in the middle of its curves, and in words over several runs."""

from __future__ import annotations

import math
from collections.abc import Sequence

LOSSES = ("cross_entropy_loss", "l2_error")     # per image: sigmoid cross-entropy; half the squared error
LAST_SHOWN = 19000      # the last of the CAE's 20000 iterations that a log with every 1000th shows

Pair = tuple[float, ...]        # (cross-entropy; squared error); of ours the second may not have been kept


def pair(losses: dict[str, float] | None) -> Pair | None:
    """(cross-entropy; squared error) of a record's losses by name, or cross-entropy alone; None without either."""
    if not losses or LOSSES[0] not in losses:
        return None
    return tuple(losses[name] for name in LOSSES if name in losses)


def at_iteration(result: dict, iteration: int) -> tuple[Pair | None, Pair | None]:
    """In the middle of a run: the loss of the mini-batch shown at `iteration`, and both losses of the test before it.

    None for each where its record does not have all of them.
    """
    shown, tested = curves(result)
    if iteration not in shown or any(iteration not in curve for curve in tested):
        return None, None
    return (shown[iteration],), tuple(curve[iteration] for curve in tested)


def curves(result: dict) -> tuple[dict[int, float], list[dict[int, float]]]:
    """The loss that a record has shown in training, and each of the two test losses, by iteration."""
    found = {"loss": [], "test": {}, **result.get("curves", {})}
    return dict(found["loss"]), [dict(found["test"].get(name, [])) for name in LOSSES]


def values(pairs: Sequence[Pair], loss: int) -> list[float]:
    """One of the two losses of `pairs`, of those that have it."""
    return [both[loss] for both in pairs if len(both) > loss]


def both_losses(pairs: Sequence[Pair]) -> list[list[float]]:
    """The two losses of `pairs` one after the other; cross-entropy alone where no pair has the other."""
    return [numbers for numbers in (values(pairs, loss) for loss in range(len(LOSSES))) if numbers]


def mean(numbers: Sequence[float]) -> float:
    """The mean; NaN of no numbers."""
    return sum(numbers) / len(numbers) if numbers else math.nan


def spread(pairs: Sequence[Pair]) -> str:
    """From the lowest to the highest of both losses: `93.58-96.02; 7.14-7.57`."""
    return "; ".join(map(span, both_losses(pairs))) or "nothing"


def span(numbers: Sequence[float]) -> str:
    """From the lowest to the highest."""
    low, high = f"{min(numbers):.2f}", f"{max(numbers):.2f}"
    broken = sum(not math.isfinite(number) for number in numbers)
    if broken:
        return f"not finite in {broken} of {len(numbers)} runs"
    return low if low == high else f"{low}-{high}"
