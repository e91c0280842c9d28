"""The paper's tables of trained nets, reproduced: runs over several seeds, and the paper's numbers beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Dict, List, Sequence

from .. import files
from ..errors import InputError
from ..models import PAPER
from ..models.reported import REPORTED, Reported
from .jobs import run_all
from .runs import Run

TABLES = {1: "classic", 4: "cae"}          # table of the paper: how the names of its models begin
QUICK_ITERATIONS = {1: 250, 4: 500}
LOSSES = ("cross_entropy_loss", "l2_error")


def reproduce(tables: Sequence[int], out: Path, runs: int = 3, jobs: int = 1, quick: bool = False,
              backend: str = "torch", say: Callable[[str], None] = print) -> Dict[int, Path]:
    """Make the runs of `tables` (1, 4), seeds 1 to `runs`, that `out` does not hold yet, `jobs` at a time.

    Leaves `out`/runs/MODEL-seedS/ for each and `out`/tableN.md for each table, whose paths are returned. `quick` makes
    short runs in a folder of their own. Raises InputError for wrong numbers, RunError if a run fails.
    """
    for table in tables:
        if table not in TABLES:
            raise InputError(f"Table {table} cannot be reproduced by training; choose from {sorted(TABLES)}.")
    if runs < 1 or jobs < 1:
        raise InputError(f"--runs {runs} --jobs {jobs}: both must be at least 1.")
    out = out / "quick" if quick else out
    planned = {table: _plan(table, out, runs, quick, backend) for table in tables}
    run_all([run for group in planned.values() for run in group], jobs, say)
    return {table: _write_table(table, group, out, runs) for table, group in planned.items()}


def _plan(table: int, out: Path, runs: int, quick: bool, backend: str) -> List[Run]:
    iterations = QUICK_ITERATIONS[table] if quick else None
    return [Run(model, seed, out / "runs" / f"{model}-seed{seed}", iterations, backend)
            for model in PAPER if model.startswith(TABLES[table]) for seed in range(1, runs + 1)]


def _write_table(table: int, group: Sequence[Run], out: Path, runs: int) -> Path:
    path = out / f"table{table}.md"
    files.write_text(path, table_text(table, group, runs))
    return path


def table_text(table: int, group: Sequence[Run], runs: int) -> str:
    """A Markdown table of finished runs: for each model the paper's three losses and ours, and whether they meet."""
    length, engine = group[0].length, group[0].result()["engine"]
    head = [f"# Table {table}: {length} iterations, {runs} seeds, {engine}", "",
            "Losses per image, cross-entropy; squared error. Ours are over all training and all test images after the "
            "last", "iteration. \"Meet\" says whether the range of our test cross-entropies and that of the paper's "
            "overlap.", "",
            "| model | | " + " | ".join(f"seed {i + 1}" for i in range(runs)) + " | paper, runs 1 to 3 | meet |",
            "|---|---|" + "---|" * (runs + 2)]
    rows = []
    for start in range(0, len(group), runs):
        rows += _rows(group[start].model, [run.result() for run in group[start:start + runs]])
    return "\n".join(head + rows) + "\n"


def _rows(model: str, results: List[Dict]) -> List[str]:
    reported = REPORTED[model]
    return [_row(name if name == "test" else f"{model} | {name}", results, name, reported) for name in ("train", "test")]


def _row(label: str, results: List[Dict], stage: str, reported: Reported) -> str:
    pairs = [tuple(result[stage][loss] for loss in LOSSES) for result in results]
    paper = getattr(reported, stage)
    cells = [f"{a:.2f}; {b:.2f}" for a, b in pairs]
    there = " / ".join(f"{a:.2f}; {b:.2f}" for a, b in paper)
    meets = max(min(p[0] for p in pairs), min(p[0] for p in paper)) <= min(max(p[0] for p in pairs),
                                                                        max(p[0] for p in paper))
    start = f"| {label}" if "|" in label else f"| | {label}"
    return f"{start} | " + " | ".join(cells) + f" | {there} | {'yes' if meets else 'no'} |"
