"""Table 5: the solvers' parameters, the paper's and those that ran, and how long training takes."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path

from ... import schema
from ...errors import InputError
from ..paper import TABLE_5_SOLVERS, TABLE_5_TIMES
from ..runs.record import SOLVER
from ..tables.solvers import EXAMPLES
from .html import Cell, Markup, cell, element, joined, table
from .records import REAL, Record, Records

FIELDS = tuple(TABLE_5_SOLVERS["classic"])
FAMILIES = {"classic": "classic auto-encoder", "cae": "convolutional auto-encoder"}
TIMES_NOTE = ("The paper's times are those of a GeForce GTS 450 of 2010. Ours are of whole runs, losses over all "
              "images included, each on one thread and possibly beside others; the median, and from shortest to "
              "longest.")


def solver_tables(records: Records, prototxt: Path = Path("prototxt")) -> Markup:
    """Both parts of Table 5; where the solver files are missing, their columns say so."""
    used = {family: _used(family, records, prototxt) for family in FAMILIES}
    head = ["Parameter", *(f"{words}, {whose}" for words in FAMILIES.values() for whose in ("paper", "here"))]
    rows = [[cell(name, head=True), *(_number(value) for family in FAMILIES
                                      for value in (_said(TABLE_5_SOLVERS[family], name), _said(used[family], name)))]
            for name in FIELDS]
    times = table("Table 5. Training times", ["Architecture", "Iterations", "Paper, GPU, 2015", "Embedded engine, here",
                                              f"{REAL}, here"],
                  [_times(name, *TABLE_5_TIMES[name], records) for name in TABLE_5_TIMES])
    return joined([table("Table 5. Learning parameters of the solvers", head, rows), times,
                   element("p", TIMES_NOTE, class_="note")])


def _used(family: str, records: Records, prototxt: Path) -> dict:
    """The solver parameters of the family's first run that has left its solver file, or of the committed file."""
    folders = [run.folder for run in records.runs if run.model.startswith(family)]
    for path in [folder / SOLVER for folder in folders] + [prototxt / EXAMPLES[family] / SOLVER]:
        try:
            solver = schema.read_solver(path)
        except (InputError, OSError):
            continue
        return {name: getattr(solver, name) for name in FIELDS if solver.HasField(name)}
    return {}


def _said(values: dict, name: str) -> str:
    value = values.get(name, "none")
    return f"{value:g}" if isinstance(value, (int, float)) else value


def _times(name: str, iterations: int, minutes: int, records: Records) -> list[Cell]:
    runs = [run for run in records.runs if run.done and run.model.startswith(f"{name}-n") and run.reached == iterations
            and run.result.get("seconds")]
    return [cell(name, head=True), _number(iterations), _number(f"{minutes} min"),
            *(_number(_spread([run for run in runs if run.column[0] == real])) for real in (False, True))]


def _spread(runs: Sequence[Record]) -> str:
    """Median, and the least and greatest, of the runs' times."""
    seconds = sorted(run.result["seconds"] for run in runs)
    if not seconds:
        return "not run"
    middle = _minutes(statistics.median(seconds))
    if len(seconds) == 1:
        return f"{middle} (one run)"
    return f"{middle} ({_minutes(seconds[0])} to {_minutes(seconds[-1])}, {len(seconds)} runs)"


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f} min" if seconds >= 60 else f"{seconds:.0f} s"


def _number(value) -> Cell:
    return cell(value, class_="number")
