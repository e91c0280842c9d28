"""What a results folder holds of the runs: finished ones, and those under way or cut off."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from ... import schema
from ...analysis.log import read_log
from ...errors import InputError
from ...models import PAPER
from ..runs.plan import Plan
from ..runs.record import LOG, MEASURES, RESULT, SOLVER
from ..tables.stages import LATE, late_losses

FOLDER = re.compile(r"(?P<model>.+)-seed(?P<seed>\d+)")
REAL = "real Caffe"
NEEDED = {"model": str, "seed": int, "iterations": int, "train": dict, "test": dict}


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
            found = _finished(folder) if (folder / RESULT).exists() else _unfinished(folder)
        except (InputError, OSError, ValueError) as error:
            problems.append(str(error))
        else:
            runs += [found] if found else []
    place = {model: at for at, model in enumerate(PAPER)}
    runs.sort(key=lambda run: (place.get(run.model, len(place)), run.model, run.column))
    return Records(tuple(runs), tuple(problems))


def _finished(folder: Path) -> Record | None:
    """The run of a result.json; None for one of a changed model, which a question tells of and no table."""
    path = folder / RESULT
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: this is no JSON ({error}); delete it to have the run made again.") from error
    found = result if isinstance(result, dict) else {}
    missing = [key for key, kind in NEEDED.items() if not isinstance(found.get(key), kind)]
    if missing:
        raise InputError(f"{path}: no {' and no '.join(missing)} in it; delete it to have the run made again.")
    if result.get("variant"):
        return None
    record = Record(result["model"], result["seed"], folder, result.get("engine", "unknown"), result["iterations"],
                    result["iterations"], result, result.get("curves") or {}, _measures(folder / MEASURES))
    return record if record.real else replace(record, result={**result, LATE: _late(folder, record)})


def _late(folder: Path, record: Record) -> dict | None:
    """The test losses of the paper's iteration, which lie with a question's runs, `folder` with a table's."""
    return late_losses(Plan(folder.parent.parent), record.model, record.seed)


def _measures(path: Path) -> dict:
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: this is no JSON ({error}); delete it to have the codes measured again.") from error
    return found if isinstance(found, dict) else {}


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
