"""Tables 1 and 4: for each model the paper's losses and those of our runs, and whether they meet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Callable, Optional

from ...models import PAPER
from ..losses import LAST_SHOWN, Pair, both_losses, mean, pair, values
from ..paper import REPORTED
from ..runs.run import Run
from .stages import LATE, Stage, stages

LateLosses = Callable[[Run], Optional[dict[str, float]]]
Column = tuple[bool, int]       # whether on real Caffe, and the seed
NOTE = ("Losses per image, cross-entropy; half the squared error. \"Ranges\" says whether our lowest to highest "
        "cross-entropy overlaps the paper's; the difference is that of the means. The paper's mini-batch is the last "
        "one shown where every 1000th iteration is, 4000 of 5000 and 19000 of 20000; older records have cross-entropy "
        "alone of it.")
LATE_NOTE = (f" Test losses of iteration {LAST_SHOWN} are of runs with the same seeds that were tested there, by the "
             "open question \"iteration\".")


def loss_table(table: int, runs: Sequence[Run], controls: Sequence[Run] = (), quick: bool = False,
               late: LateLosses = lambda run: None) -> str:
    """A Markdown table of the runs of Table `table`, those that have not finished left open.

    `controls` are runs on real Caffe, which have columns behind the others as far as they are there; they count in the
    verdict only where there are no others. `late` gives the test losses, by name, of a run that is tested where the
    paper's training losses are; they have rows of their own if there are any.
    """
    results = {_key(run): run.result() for run in (*runs, *controls)}
    late_tests = {_key(run): late(run) for run in runs}
    has_late = any(late_tests.values())
    there = {_column(run) for run in controls if results[_key(run)]}
    columns = sorted({_column(run) for run in runs} | there)
    models = list(dict.fromkeys(run.model for run in runs))
    done = [result for result in results.values() if result]
    engines = " and ".join(sorted({_engine(result) for result in done})) or "no engine"
    head = [f"# Table {table}: {_lengths(done)}, {engines}", "", NOTE + (LATE_NOTE if has_late else ""), "",
            *(["**Quick: short runs, tested on some of the images; not to be compared with the paper.**", ""]
              if quick else []),
            "| model | loss | paper, runs 1 to 3 | " + " | ".join(map(_heading, columns))
            + " | difference | ranges | parameters | data/(w+b) |", "|---|---|---|" + "---|" * (len(columns) + 4)]
    shown = {key: {**(result or {}), LATE: late_tests.get(key)} for key, result in results.items()}
    compared = stages("the paper's mini-batch", has_late)
    rows = [row for model in models
            for row in _rows(model, compared, {column: shown.get((model, *column), {}) for column in columns})]
    return "\n".join(head + rows) + "\n"


def _key(run: Run) -> tuple[str, bool, int]:
    return (run.model, *_column(run))


def _column(run: Run) -> Column:
    return run.backend == "caffe", run.seed


def _heading(column: Column) -> str:
    return f"real Caffe, seed {column[1]}" if column[0] else f"seed {column[1]}"


def _lengths(results: Sequence[dict]) -> str:
    lengths = sorted({result["iterations"] for result in results})
    return " or ".join(map(str, lengths)) + " iterations" if lengths else "no run yet"


def _engine(result: dict) -> str:
    return result.get("engine", "unknown")


def _rows(model: str, compared: Sequence[Stage], results: dict[Column, dict]) -> list[str]:
    design = PAPER[model]
    rows: list[str] = []
    for words, kept, reported in compared:
        pairs = {column: pair(result.get(kept)) for column, result in results.items()}
        paper = getattr(REPORTED[model], reported)
        done = {column: both for column, both in pairs.items() if both}
        ours = [both for (real, _), both in done.items() if not real] or list(done.values())
        cells = [f"**{model}**" if not rows else "", words, " / ".join(map(_pair, paper)), *map(_pair, pairs.values()),
                 *(_compared(ours, paper) if ours else ("", "")),
                 *((str(design.parameters), f"{60000 * 784 / design.parameters:.0f}/1") if not rows else ("", ""))]
        rows.append("| " + " | ".join(cells) + " |")
    return rows


def _pair(both: Pair | None) -> str:
    return "; ".join(f"{loss:.2f}" for loss in both) if both else "not run"


def _compared(ours: Sequence[Pair], paper: Sequence[Pair]):
    """The difference of the means in per cent, and the verdict on the ranges."""
    shares = [mean(numbers) / mean(values(paper, loss)) - 1 for loss, numbers in enumerate(both_losses(ours))]
    differences = "; ".join(f"{100 * share:+.1f} %" for share in shares)
    return differences, verdict(values(ours, 0), values(paper, 0))


def verdict(ours: Sequence[float], paper: Sequence[float]) -> str:
    """"meet", "ours higher", "ours lower", or "not finite"."""
    if not all(map(math.isfinite, ours)):
        return "not finite"
    if min(ours) > max(paper):
        return "ours higher"
    return "ours lower" if max(ours) < min(paper) else "meet"
