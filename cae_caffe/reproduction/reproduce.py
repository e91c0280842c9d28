"""The whole paper: its tables, its figures and the questions it leaves open, from runs that are never made twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Callable

from ..errors import InputError
from ..running.processes import Program
from .figures import make_figure
from .measures import code_map
from .pages import write_pages
from .questions import QUESTIONS, question_runs, runs_with_data
from .request import Request
from .runs.data import make_data
from .runs.plan import TABLES, Plan
from .runs.record import CODES, PICTURE
from .runs.run import Run
from .scheduler.jobs import run_all

FIGURE_SEED = 1


def reproduce(request: Request, plan: Plan, program: Program, say: Callable[[str], None] = print,
              refresh: Callable[[Path], object] = lambda folder: None) -> list[Path]:
    """Make what `request` asks for that `plan.folder` does not hold yet; returns the files, tables first.

    `program` is the command line `cae-caffe`, which trains the runs. Data that is MNIST's and missing is made.
    `refresh` is called with the folder behind every run, when tables and questions have been written anew, and at the
    end. Raises InputError for wrong requests, RunError if a run fails; what could be made is there nevertheless.
    """
    request.check()
    named = request.of_all()
    runs = needed_runs(named, plan, again=not request.everything)
    make_data([run for run in runs if run.result() is None]
              + runs_with_data(plan, [QUESTIONS[key] for key in named.questions]), say)

    def written() -> list[Path]:
        paths = write_pages(named, plan)
        refresh(plan.folder)
        return paths
    try:
        run_all(runs, request.jobs, program, say, after=written)
    finally:
        made = written()
    made += _figures(named, plan, say, all_of_them=request.everything)
    refresh(plan.folder)
    return made


def needed_runs(request: Request, plan: Plan, again: bool) -> list[Run]:
    """All runs that what `request` names needs, of its models, each once: the tables', the questions', the figures'.

    With `again` a figure's run that is finished, but has lost the weights or codes that are drawn, is made once more.
    """
    runs: list[Run] = []
    for table in request.tables:
        runs += plan.table_runs(table, request.table_seeds(plan.quick)) if table in TABLES else []
    runs += question_runs(plan, [QUESTIONS[key] for key in request.questions], request.question_seeds(plan.quick))
    for figure in request.figures:
        runs += [replace(run, needs_weights=again and not _has_codes(figure, run)) for run in plan.figure_runs(figure)]
    return list({run.folder: run for run in runs if request.takes(run.model)}.values())


def _has_codes(figure: int, run: Run) -> bool:
    """Whether the figure can be drawn without the weights: Fig. 7 shows layers, the others codes that may be kept."""
    return figure != 7 and any((run.folder / name).exists() for name in (CODES, PICTURE))


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
