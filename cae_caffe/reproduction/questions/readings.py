"""Which of a run's recorded losses "train" and "test" mean: the readings that questions compare."""

from __future__ import annotations

from typing import Callable

from ..losses import Pair, at_iteration, curves, pair
from .question import Losses

PASS, PAPERS = 600, 400         # mini-batches of a pass; the one of the paper's losses
Reading = Callable[[dict, dict], Losses]        # takes a run's record and measures


def read(train: str, test: str = "test") -> Reading:
    """A reading of a run's losses: which of its record's keys "train" and "test" mean.

    `test` may be a key of the run's measures too, as `test_first_5000`.
    """
    def losses(result: dict, measures: dict) -> Losses:
        return {"train": pair(result.get(train)), "train_last_batch": pair(result.get("train_last_batch")),
                "test": pair(result.get(test)) or _measured(measures.get(test))}
    return losses


def read_together(result: dict, measures: dict) -> Losses:
    """The last losses on the paper's mini-batch at an iteration that the net was also tested before."""
    shown, tested = curves(result)
    last = max((at for at in shown if at % PASS == PAPERS and at in tested[0]), default=-1)
    return {**read_at(last)(result, measures), "train_last_batch": pair(result.get("train_last_batch"))}


def read_at(iteration: int) -> Reading:
    """A reading of both losses in the middle of a run, the mini-batch's and the test's before it."""
    def losses(result: dict, measures: dict) -> Losses:
        train, test = at_iteration(result, iteration)
        return {"train": train, "train_last_batch": None, "test": test}
    return losses


def _measured(value) -> Pair | None:
    """A pair out of measures, which keep losses by name or as two numbers."""
    if isinstance(value, (list, tuple)) and len(value) == 2:
        return tuple(value)
    return pair(value) if isinstance(value, dict) else None
