"""The whole paper: its tables, its figures and the questions it leaves open, from runs that are never made twice."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable

from .. import files
from ..errors import InputError
from ..models.paper import MODELS
from ..running.processes import Program
from .figures import CODES, make_figure
from .late_losses import losses_then
from .measures import code_map
from .measures.measures import PICTURE
from .questions import QUESTIONS, Question, question_runs, runs_with_data, seeds_for, write_question
from .runs.data import make_data
from .runs.plan import FIGURE_NUMBERS, PAPER_RUNS, TABLES, Plan
from .runs.run import Run
from .scheduler.jobs import run_all
from .summary_page import SUMMARY, summary
from .tables import loss_table, table_2, table_3, table_5

TABLE_NUMBERS = (1, 2, 3, 4, 5)
FIGURE_SEED = 1


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
        return not (self.tables or self.figures or self.questions)

    def of_all(self) -> Request:
        """The request with everything named that it asks for."""
        return replace(self, tables=TABLE_NUMBERS, figures=FIGURE_NUMBERS, questions=tuple(QUESTIONS)) \
            if self.everything else self

    def seeds(self, quick: bool) -> int:
        """How many runs a model of a table has."""
        return self.runs or (1 if quick else PAPER_RUNS)

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


def reproduce(request: Request, plan: Plan, program: Program, say: Callable[[str], None] = print,
              refresh: Callable[[Path], object] = lambda folder: None) -> list[Path]:
    """Make what `request` asks for that `plan.folder` does not hold yet; returns the files, tables first.

    `program` is the command line `cae-caffe`, which trains the runs. Data that is MNIST's and missing is made. `refresh` is called with the folder behind every run, when tables and
    questions have been written anew, and at the end. Raises InputError for wrong requests, RunError if a run fails;
    what could be made is there nevertheless.
    """
    request.check()
    named = request.of_all()
    runs = [run for run in _runs(named, plan, again=not request.everything) if request.takes(run.model)]
    make_data([run for run in runs if run.result() is None] + runs_with_data(plan, _questions(named)), say)

    def written() -> list[Path]:
        paths = _write_tables(named, plan) + _write_questions(named, plan) + [_write_summary(plan)]
        refresh(plan.folder)
        return paths
    try:
        run_all(runs, request.jobs, program, say, written)
    finally:
        made = written()
    made += _figures(named, plan, say, all_of_them=request.everything)
    refresh(plan.folder)
    return made


def _runs(request: Request, plan: Plan, again: bool) -> list[Run]:
    """All runs that are needed, each once: the tables', the questions', the figures'.

    With `again` a figure's run that is finished, but has lost the weights or codes that are drawn, is made once more.
    """
    runs: list[Run] = []
    for table in request.tables:
        runs += plan.table_runs(table, request.seeds(plan.quick)) if table in TABLES else []
    runs += question_runs(plan, _questions(request), seeds_for(request.runs, plan.quick))
    for figure in request.figures:
        runs += [replace(run, needs_weights=again and not _has_codes(figure, run)) for run in plan.figure_runs(figure)]
    return list({run.folder: run for run in runs}.values())


def _questions(request: Request) -> list[Question]:
    return [QUESTIONS[key] for key in request.questions]


def _has_codes(figure: int, run: Run) -> bool:
    """Whether the figure can be drawn without the weights: Fig. 7 shows layers, the others codes that may be kept."""
    return figure != 7 and any((run.folder / name).exists() for name in (CODES, PICTURE))


def _write_tables(request: Request, plan: Plan) -> list[Path]:
    makers: dict[int, Callable[[], str]] = {2: table_2, 3: table_3, 5: lambda: table_5(plan),
                                            **{table: _losses(table, request, plan) for table in TABLES}}
    paths = []
    for table in request.tables:
        paths.append(plan.folder / f"table{table}.md")
        files.write_text(paths[-1], makers[table]())
    return paths


def _losses(table: int, request: Request, plan: Plan) -> Callable[[], str]:
    seeds = request.seeds(plan.quick)
    return lambda: loss_table(table, plan.by("torch").table_runs(table, seeds),
                              plan.by("caffe").table_runs(table, seeds), plan.quick,
                              lambda run: losses_then(plan, run.model, run.seed))


def _write_questions(request: Request, plan: Plan) -> list[Path]:
    seeds = seeds_for(request.runs, plan.quick)
    return [write_question(plan, question, seeds) for question in _questions(request)]


def _write_summary(plan: Plan) -> Path:
    path = plan.folder / SUMMARY
    files.write_text(path, summary(plan.by("torch")))
    return path


def _figures(request: Request, plan: Plan, say: Callable[[str], None], all_of_them: bool) -> list[Path]:
    """The figures, and the report's map of codes. Of all figures one that cannot be drawn is told and left out."""
    if not request.figures:
        return []
    paths: list[Path] = []
    for figure in request.figures:
        try:
            paths += make_figure(figure, plan.folder, FIGURE_SEED, "auto")
        except InputError as error:
            if not all_of_them:
                raise
            say(f"Figure {figure} is left out: {error}")
    shown = code_map.refresh(plan.folder)
    return paths + ([shown] if shown else [])
