"""What of the paper is asked for: tables, figures and open questions, and how many runs of which models for them."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..errors import InputError
from ..models.paper import MODELS
from .questions import QUESTIONS, seeds_for
from .runs.plan import FIGURE_NUMBERS, PAPER_RUNS

TABLE_NUMBERS = (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class Request:
    """What is to be reproduced; with no table, figure and question named it is everything.

    `runs` is how many seeds a model has, from 1 on; None is the paper's 3 for tables and 5 for questions, 1 if quick.
    `models` are patterns (`cae2-*`); if there are any, no other model runs. `jobs` at once.
    """

    tables: Sequence[int] = ()
    figures: Sequence[int] = ()
    questions: Sequence[str] = ()
    models: Sequence[str] = ()
    runs: int | None = None
    jobs: int = 1

    @property
    def everything(self) -> bool:
        """Whether no table, figure and question is named."""
        return not (self.tables or self.figures or self.questions)

    def of_all(self) -> Request:
        """The request with everything named that it asks for."""
        return replace(self, tables=TABLE_NUMBERS, figures=FIGURE_NUMBERS, questions=tuple(QUESTIONS)) \
            if self.everything else self

    def table_seeds(self, quick: bool) -> int:
        """How many runs a model of a table has."""
        return self.runs or (1 if quick else PAPER_RUNS)

    def question_seeds(self, quick: bool) -> int:
        """How many runs an arm of a question has."""
        return seeds_for(self.runs, quick)

    def takes(self, model: str) -> bool:
        """Whether runs of `model` are made."""
        return not self.models or any(fnmatch.fnmatchcase(model, pattern) for pattern in self.models)

    def check(self) -> None:
        """Raises InputError for numbers, keys and models that there are not."""
        for what, asked, there in (("table", self.tables, TABLE_NUMBERS), ("figure", self.figures, FIGURE_NUMBERS),
                                   ("question", self.questions, tuple(QUESTIONS))):
            for one in asked:
                if one not in there:
                    raise InputError(f"--{what} {one}: there is no such {what}; choose from "
                                     f"{', '.join(map(str, there))}.")
        for pattern in self.models:
            if not fnmatch.filter(MODELS, pattern):
                raise InputError(f"--model {pattern} is no model's name; there are {', '.join(MODELS)}; `cae2-*` "
                                 "stands for all that begin so.")
        if (self.runs is not None and self.runs < 1) or self.jobs < 1:
            raise InputError(f"--runs {self.runs} --jobs {self.jobs}: both must be at least 1.")
