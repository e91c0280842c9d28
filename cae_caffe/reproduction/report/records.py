"""What a results folder holds of the runs: finished ones, and those under way or cut off."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ... import schema
from ...analysis.log import read_log
from ...errors import InputError
from ...json_file import read_object
from ...models import PAPER
from ..fields import check
from ..runs.plan import Plan
from ..runs.record import FIELDS, LOG, RESULT, SOLVER, read_measures
from ..tables.stages import LATE, late_losses

FOLDER = re.compile(r"(?P<model>.+)-seed(?P<seed>\d+)")
REAL = "real Caffe"
NEEDED = ("model", "seed", "iterations", "train", "test")


@dataclass(frozen=True)
class Record:
    """A run: of `length` iterations, of which `reached` are done; `result` is empty until it has finished.

    `curves` has the training loss by the key `loss`: points (iteration, value). `measures` is what was measured on the
    codes; empty where nothing was.
    """

    model: str
    seed: int
    folder: Path
    engine: str
    reached: int
    length: int | None
    result: dict = field(default_factory=dict)
    curves: dict = field(default_factory=dict)
    measures: dict = field(default_factory=dict)

    @property
    def done(self) -> bool:
        return bool(self.result)

    @property
    def column(self) -> tuple[bool, int]:
        """The column of its table: real Caffe's runs stand behind the others, each by its seed."""
        return self.engine.startswith(REAL), self.seed

    @property
    def label(self) -> str:
        return f"{REAL}, seed {self.seed}" if self.column[0] else f"seed {self.seed}"

    @property
    def real(self) -> bool:
        """Whether real Caffe made it, which makes it a control."""
        return self.column[0]


@dataclass(frozen=True)
class Records:
    """All runs of a folder, in the paper's order of models, and what could not be read, in words."""

    runs: tuple[Record, ...]
    problems: tuple[str, ...]

    def of(self, model: str) -> dict[tuple[bool, int], Record]:
        """The runs of `model` by column; of two in one column the one that went further."""
        mine = [run for run in self.runs if run.model == model]
        return {run.column: run for run in sorted(mine, key=lambda run: (*run.column, run.done, run.reached))}


def read_records(results: Path) -> Records:
    """The runs in `results`/runs. A file that cannot be read is a problem to be told, never an error."""
    runs: list[Record] = []
    problems: list[str] = []
    for folder in sorted(path for path in (results / "runs").glob("*") if path.is_dir()):
        try:
            found = _finished(folder, problems) if (folder / RESULT).exists() else _unfinished(folder)
        except (InputError, OSError) as error:
            problems.append(f"{error}")
        else:
            runs += [found] if found else []
    place = {model: at for at, model in enumerate(PAPER)}
    runs.sort(key=lambda run: (place.get(run.model, len(place)), run.model, run.column))
    return Records(tuple(runs), tuple(problems))


def _finished(folder: Path, problems: list[str]) -> Record | None:
    """The run of a result.json; None for one of a changed model, which a question tells of and no table.

    What is wrong with other files that it is shown with goes to `problems`.
    """
    remedy = "delete it to have the run made again"
    result = check(folder / RESULT, read_object(folder / RESULT, remedy), FIELDS, NEEDED, remedy)
    if result.get("variant"):
        return None
    record = Record(result["model"], result["seed"], folder, result.get("engine", "unknown"), result["iterations"],
                    result["iterations"], result, result.get("curves", {}),
                    _or_told(problems, {}, lambda: read_measures(folder)))
    if record.real:
        return record
    # The test losses of the paper's iteration lie with a question's runs, `folder` with a table's.
    late = _or_told(problems, None, lambda: late_losses(Plan(folder.parent.parent), record.model, record.seed))
    return replace(record, result={**result, LATE: late})


def _or_told(problems: list[str], instead, read: Callable[[], Any]) -> Any:
    try:
        return read()
    except InputError as error:
        problems.append(f"{error}")
        return instead


def _unfinished(folder: Path) -> Record | None:
    name = FOLDER.match(folder.name)
    if not name or not (folder / LOG).exists():
        return None
    try:
        loss = read_log(folder / LOG).loss
    except InputError:          # it has only just begun
        points: list = []
    else:
        points = [list(point) for point in zip(loss.iterations, loss.values)]
    return Record(name["model"], int(name["seed"]), folder, _engine(folder / LOG), points[-1][0] if points else 0,
                  _length(folder), curves={"loss": points})


def _engine(log: Path) -> str:
    with log.open(encoding="utf-8", errors="replace") as lines:
        return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("Engine:")), "unknown")


def _length(folder: Path) -> int | None:
    try:
        return schema.read_solver(folder / SOLVER).max_iter
    except InputError:
        return None
