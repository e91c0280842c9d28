"""Table 5: the solvers' parameters, the paper's and those that ran, and the time that training takes."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path

from ... import schema
from ..paper import TABLE_5_SOLVERS, TABLE_5_TIMES
from ..runs import record
from ..runs.plan import Plan
from ..runs.record import RESULT, SOLVER

# The committed solver that stands for its family.
EXAMPLES = {"classic": "classic-1000-500-250-n2", "cae": "cae1-n2"}
REAL = "real Caffe"
TIMES_NOTE = ("The paper's times are those of a GeForce GTS 450. Ours are of whole runs on one thread, losses over all "
              "images included, possibly beside others: the median, and the shortest and longest.")


def table_5(plan: Plan) -> str:
    """Both parts of Table 5, from the committed solvers and the finished runs of `plan`."""
    fields = list(dict.fromkeys(name for solver in TABLE_5_SOLVERS.values() for name in solver))
    ours = {family: _solver(plan.prototxt / model / SOLVER, fields) for family, model in EXAMPLES.items()}
    lines = ["# Table 5: learning parameters and training times", "",
             f"| parameter | {' | '.join(f'{family}, {whose}' for family in ours for whose in ('paper', 'here'))} |",
             "|---|---|---|---|---|"]
    for name in fields:
        cells = (_said(values.get(name)) for family in ours for values in (TABLE_5_SOLVERS[family], ours[family]))
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += ["", "| architecture | iterations | paper, GPU, 2015 | embedded engine, here | real Caffe, here |",
              "|---|---|---|---|---|"]
    results = _results(plan)
    for name, (iterations, minutes) in TABLE_5_TIMES.items():
        spreads = (_spread([result["seconds"] for result in results if _counts(result, name, iterations, real)])
                   for real in (False, True))
        lines.append(f"| {name} | {iterations} | {minutes} min | {' | '.join(spreads)} |")
    machines = sorted({_machine(result) for result in results if "environment" in result})
    return "\n".join(lines + ["", " ".join([TIMES_NOTE, *machines])]) + "\n"


def _solver(path: Path, fields: Sequence[str]) -> dict:
    solver = schema.read_solver(path)
    return {name: getattr(solver, name) for name in fields if solver.HasField(name)}


def _said(value) -> str:
    if value is None:
        return "none"
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)


def _results(plan: Plan) -> list[dict]:
    folders = sorted(path.parent for path in (plan.folder / "runs").glob(f"*/{RESULT}"))
    results = (record.read(folder, folder.name) for folder in folders)
    return [result for result in results if result]


def _counts(result: dict, name: str, iterations: int, real: bool) -> bool:
    """Whether a run's time belongs into the cell: short runs' do only in short versions, which have no others."""
    return (result.get("model", "").startswith(f"{name}-n") and bool(result.get("seconds"))
            and (result["iterations"] == iterations or "test_batches" in result)
            and result.get("engine", "").startswith(REAL) == real)


def _spread(seconds: Sequence[float]) -> str:
    if not seconds:
        return "not run"
    if len(seconds) == 1:
        return f"{_time(seconds[0])} (one run)"
    return f"{_time(statistics.median(seconds))} ({_time(min(seconds))} to {_time(max(seconds))}, {len(seconds)} runs)"


def _time(seconds: float) -> str:
    return f"{seconds / 60:.1f} min" if seconds >= 60 else f"{seconds:.0f} s"


def _machine(result: dict) -> str:
    processor, cores, system = (result["environment"].get(part, "unknown") for part in ("processor", "cores", "system"))
    return f"Here is {processor}, {cores} cores, {system}."
