"""An open question: arms, which are trained or read, and the rule by which their numbers answer it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Callable, Optional

from ..losses import Pair, pair, spread
from ..paper import REPORTED
from ..runs.plan import Plan
from ..runs.variant import Variant

SEEDS = 5       # runs an arm: by chance alone two ranges of five are apart once in 126 times, 2 in "10 over 5"
STAGES = ("train", "train_last_batch", "test")
Columns = tuple[tuple[str, str], ...]
COLUMNS: Columns = (("train_last_batch", "train, last mini-batch"), ("train", "train, all images"),
                    ("test", "test, all images"))
AS_READ: Columns = (("train", "train, as this arm reads it"), ("test", "test, as this arm reads it"))

Losses = dict[str, Optional[Pair]]      # by STAGES; None where it was not recorded


def recorded(result: dict, measures: dict) -> Losses:
    """The losses of a run as its record has them, which is what most arms look at."""
    return {stage: pair(result.get(stage)) for stage in STAGES}


def paper_losses(model: str) -> str:
    """What the paper has for `model`, from its lowest to its highest run."""
    return f"train {spread(REPORTED[model].train)}; test {spread(REPORTED[model].test)}"


@dataclass(frozen=True)
class Arm:
    """One of the answers that are set side by side: nets trained in one way, or one reading of the same nets' losses.

    `models` are trained with `variant`, None being the paper's own way. `losses` takes a run's record and measures.
    """

    name: str
    what: str
    models: tuple[str, ...]
    variant: Variant | None = None
    losses: Callable[[dict, dict], Losses] = recorded
    reported: str | None = None      # what the paper has, of an arm without a model

    @property
    def paper(self) -> str | None:
        """What the paper has for the arm's model; None for several models."""
        return paper_losses(self.models[0]) if len(self.models) == 1 else self.reported

    def paper_of(self, model: str) -> str | None:
        """What the paper has for one of the arm's models."""
        return paper_losses(model) if model in self.models else self.reported


@dataclass(frozen=True)
class Measured:
    """A run of an arm and its losses."""

    model: str
    seed: int
    losses: Losses


@dataclass(frozen=True)
class Outcome:
    """An arm with its finished runs; `planned` is how many there are to be."""

    arm: Arm
    runs: Sequence[Measured] = field(default_factory=tuple)
    planned: int = 0

    def pairs(self, stage: str, model: str | None = None) -> list[Pair]:
        """The loss pairs of a stage, of one model or of all."""
        found = (run.losses.get(stage) for run in self.runs if model in (None, run.model))
        return [both for both in found if both]


@dataclass(frozen=True)
class Question:
    """`title` heads its table, `question` asks it, `rule` says how `answer` comes out of the outcomes' numbers.

    `columns` are the losses that the table shows, each with its heading. A question that needs no run has no `arms`;
    its outcomes come from `computed`, which takes a Plan. `beforehand` says that the rule is older than the numbers.
    """

    key: str
    title: str
    question: str
    rule: str
    arms: tuple[Arm, ...]
    answer: Callable[[Sequence[Outcome]], str]
    columns: Columns = COLUMNS
    computed: Callable[[Plan], Sequence[Outcome]] | None = None
    beforehand: bool = True

    @property
    def rule_label(self) -> str:
        """What the rule is called."""
        return "Rule, fixed beforehand" if self.beforehand else "Rule"

    @property
    def counted(self) -> str:
        """What an arm has several of: one number a seed, or numbers that no training gave."""
        return "numbers" if self.computed else "seeds"
