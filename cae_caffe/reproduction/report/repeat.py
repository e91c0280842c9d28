"""Where the runs were made, and how to make each of them again."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence

from ...version import VERSION
from ..losses import LOSSES
from ..runs.record import SOLVER
from .html import Cell, Markup, cell, element, joined, table
from .records import Record, Records

UNRECORDED = "not recorded"
WHOLE = ("One command makes the whole; what is there already is not made again, and a run that was cut off goes on "
         "from its last snapshot.")
ALL = ("cae-caffe data mnist", "cae-caffe reproduce             # hours; --jobs J for J runs at once",
       "cae-caffe reproduce --quick     # a short real version of all of it, in minutes")


def environments(records: Records) -> Markup:
    """A column for each engine and machine that made runs, with what their records say of it."""
    made: dict[str, tuple[dict, list[Record]]] = {}
    for run in records.runs:
        if run.done:
            found = _environment(run)
            made.setdefault(json.dumps(found, sort_keys=True), (found, []))[1].append(run)
    page = element("p", f"This page was made by cae-caffe {VERSION} on Python {platform.python_version()}.",
                   class_="note")
    if not made:
        return joined([element("p", "No run has finished yet.", class_="missing"), page])
    known = list(made.values())
    names = list(dict.fromkeys(name for found, _ in known for name in found))
    rows = [[cell(name, head=True), *(cell(_said(found.get(name))) for found, _ in known)] for name in names]
    rows.append([cell("seeds", head=True), *(cell(_seeds(runs)) for _, runs in known)])
    head = ["", *(f"{len(runs)} run{'s' if len(runs) > 1 else ''}" for _, runs in known)]
    return joined([table("Environment of the runs", head, rows, "environment"), page])


def _environment(run: Record) -> dict:
    found = run.result.get("environment")
    return {"engine": run.engine, **(found if isinstance(found, dict) else {"cae-caffe": run.result.get("version")}),
            "threads": run.result.get("threads")}


def _said(value) -> str:
    return UNRECORDED if value is None else str(value)


def _seeds(runs: Sequence[Record]) -> str:
    return ", ".join(str(seed) for seed in sorted({run.seed for run in runs}))


def commands(records: Records) -> Markup:
    """The commands for all of it, and a line for each run, with its own."""
    whole = joined([element("p", WHOLE), element("pre", element("code", "\n".join(ALL)))])
    rows = [_row(run) for run in records.runs]
    if not rows:
        return whole
    head = ["Run", "iterations", "time", "test losses", "command"]
    single = table("Commands for single runs, from the repository's root", head, rows, "runs")
    summary = element("summary", f"The runs one by one ({len(rows)}), each with its command")
    return joined([whole, element("details", summary, single)])


def _row(run: Record) -> list[Cell]:
    name = cell(element("strong", run.model), element("span", run.label, class_="sub"), head=True, class_="model")
    if not run.done:
        return [name, cell(f"{run.reached} of {run.length or 'an unknown number'}", class_="number"),
                cell("unfinished", class_="missing", colspan=2), cell(element("code", _command(run)))]
    losses = [run.result["test"].get(loss) for loss in LOSSES]
    return [name, cell(run.reached, class_="number"), cell(_time(run.result.get("seconds")), class_="number"),
            cell("; ".join(_loss(loss) for loss in losses), class_="number"), cell(element("code", _command(run)))]


def _command(run: Record) -> str:
    """The command as the run's record has it; records of old versions have none."""
    recorded = run.result.get("command")
    if recorded:
        return recorded
    program, backend = (".caffe/with-caffe cae-caffe", "caffe") if run.real else ("cae-caffe", "torch")
    return f"{program} train -solver {run.folder / SOLVER} --backend {backend} --threads 1"


def _time(seconds) -> str:
    return f"{seconds / 60:.1f} min" if isinstance(seconds, (int, float)) else UNRECORDED


def _loss(value) -> str:
    return f"{value:.2f}" if isinstance(value, (int, float)) else UNRECORDED
