"""Tables 1 and 4: the paper's losses beside those of our runs, how far apart they are, and whether the ranges meet."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ...models import PAPER
from ..losses import LAST_SHOWN, Pair, mean, pair, values
from ..paper import REPORTED
from ..runs.plan import PAPER_RUNS, TABLES
from ..tables.stages import LATE, Stage, stages
from .html import Cell, Markup, cell, element, joined, table
from .measures import count_words
from .records import REAL, Record, Records

PAPER_ITERATIONS = {1: 5000, 4: 20000}
TITLES = {1: "Table 1. Classic auto-encoders", 4: "Table 4. Convolutional auto-encoders"}
Runs = dict[tuple[bool, int], Record]           # of one model by their column
NOTE = ("Each cell is sigmoid cross-entropy; half the squared error, per image. The difference is that of the means, "
        "ours against the paper's, darker from 2 % and from 10 %. Ranges meet where our lowest to highest "
        "cross-entropy overlaps the paper's. Runs of real Caffe are controls, below ours of the same seed, and count "
        "only where there are no others; runs of another length than the paper's count only where there are none of "
        "its length, and are called short. The mini-batch is the one that the paper's losses are of: the last one "
        "shown where every 1000th iteration is; older records have cross-entropy alone of it.")
LATE_NOTE = (f" The test losses of iteration {LAST_SHOWN}, which is that of the mini-batch, are of runs with the same "
             "seeds that were tested there: the question “The iteration of Table 4's losses”.")
NEAR, FAR = 0.02, 0.10      # shares of the paper's mean from which a difference is darker


@dataclass(frozen=True)
class Comparison:
    """Our loss pairs of a row against the paper's three."""

    ours: Sequence[Pair]
    paper: Sequence[Pair]
    short: bool = False         # ours are not of the paper's length

    def difference(self, loss: int) -> float:
        """How much our mean is above the paper's, as a share of it; `loss` is 0 for cross-entropy, 1 for the other."""
        return mean(values(self.ours, loss)) / mean(values(self.paper, loss)) - 1

    def differences(self) -> list[float]:
        """The difference in each of the losses that ours have."""
        return [self.difference(loss) for loss in range(max(map(len, self.ours)))]

    @property
    def verdict(self) -> str:
        """One of VERDICTS, by the ranges of cross-entropy."""
        ours, paper = values(self.ours, 0), values(self.paper, 0)
        if not all(map(math.isfinite, ours)):
            return "broken"
        if min(ours) > max(paper):
            return "higher"
        return "lower" if max(ours) < min(paper) else "meet"


VERDICTS = {"meet": "● meet", "lower": "▼ ours lower", "higher": "▲ ours higher", "broken": "✕ not finite"}


def counted(runs: Iterable[Record]) -> list[Record]:
    """Those of a model's runs that its row is judged by: finished, ours before real Caffe's, of the paper's length."""
    done = [run for run in runs if run.done]
    ours = [run for run in done if not run.real] or done
    return [run for run in ours if full_length(run)] or ours


def full_length(run: Record) -> bool:
    """Whether the run went as far as the paper's."""
    return run.reached == next(PAPER_ITERATIONS[at] for at, start in TABLES.items() if run.model.startswith(start))


def comparison(model: str, records: Records, kept: str = "test", reported: str = "test") -> Comparison | None:
    """The finished runs of `model` against the paper; None without any."""
    runs = counted(records.of(model).values())
    pairs = [both for both in (losses(run, kept) for run in runs) if both]
    short = not all(full_length(run) for run in runs)
    return Comparison(pairs, getattr(REPORTED[model], reported), short) if pairs else None


def losses(run: Record, kept: str) -> Pair | None:
    """The losses of `run` under `kept`, one of a result's keys, or cross-entropy alone; None if it has neither."""
    return pair(run.result.get(kept))


def loss_table(number: int, records: Records) -> Markup:
    """Table 1 or 4; models that have no runs say so. Losses of real Caffe's runs stand below ours of the same seed."""
    models = [model for model in PAPER if model.startswith(TABLES[number])]
    found = {model: records.of(model) for model in models}
    seeds = sorted({run.seed for runs in found.values() for run in runs.values()})
    head = ["Model", "Losses", *(f"paper, run {i + 1}" for i in range(PAPER_RUNS)),
            *([f"here, seed {seed}" for seed in seeds] or ["here"]), "difference", "ranges", "classes apart"]
    has_late = any(run.done and run.result.get(LATE) for runs in found.values() for run in runs.values())
    compared = stages("mini-batch", has_late)
    rows = [row for model in models for row in _rows(model, records, found[model], seeds, compared)]
    return joined([table(f"{TITLES[number]}, {PAPER_ITERATIONS[number]} iterations", head, rows, "losses"),
                   element("p", NOTE + (LATE_NOTE if has_late else ""), class_="note")])


def _rows(model: str, records: Records, runs: Runs, seeds: Sequence[int],
          compared: Sequence[Stage]) -> list[list[Cell]]:
    name = cell(element("strong", model), element("span", PAPER[model].notation(), class_="sub"), head=True,
                rowspan=len(compared), class_="model")
    classes = cell(element("div", f"paper {REPORTED[model].classes} of 30", class_="paper"),
                   element("div", f"here {count_words(counted(runs.values()))}"), rowspan=len(compared),
                   class_="classes")
    rows = []
    for at, (words, kept, reported) in enumerate(compared):
        paper = [cell(_pair(both), class_="number paper") for both in getattr(REPORTED[model], reported)]
        row = [cell(words, class_="stage"), *paper, *_ours(at, kept, runs, seeds, len(compared)),
               *_judged(comparison(model, records, kept, reported))]
        rows.append([name, *row, classes] if at == 0 else row)
    return rows


def _ours(at: int, kept: str, runs: Runs, seeds: Sequence[int], height: int) -> list[Cell]:
    """The cells of our runs in one row. Where no run is finished, one cell takes all `height` rows of its model."""
    if not runs:
        return [cell("not run", class_="missing", rowspan=height, colspan=max(1, len(seeds)))] if at == 0 else []
    cells = [_our_cell(at, kept, runs.get((False, seed)), runs.get((True, seed)), height) for seed in seeds]
    return [found for found in cells if found]


def _our_cell(at: int, kept: str, run: Record | None, control: Record | None, height: int) -> Cell | None:
    if not (run and run.done) and not (control and control.done):
        words = [_progress(run), *_control(kept, control)]
        return cell(*words, class_="missing", rowspan=height) if at == 0 else None
    words = _kept(kept, run) if run and run.done else [_progress(run)]
    return cell(*words, *_control(kept, control), class_="number")


def _kept(kept: str, run: Record) -> list:
    """A finished run's losses, and its length where it is not the paper's."""
    both = losses(run, kept)
    words = [_pair(both) if both else "not recorded"]
    return words if full_length(run) else [*words, element("span", f"{run.reached} iterations", class_="sub")]


def _control(kept: str, control: Record | None) -> list[Markup]:
    """The line of real Caffe's run below ours."""
    if control is None or (kept == LATE and control.done):      # real Caffe's are not tested there
        return []
    words = _kept(kept, control) if control.done else [_progress(control)]
    return [element("span", f"{REAL} ", *words, class_="sub real")]


def _progress(run: Record | None) -> str:
    if run is None:
        return "not run"
    return f"unfinished, at {run.reached}" + (f" of {run.length}" if run.length else "")


def _judged(found: Comparison | None) -> list[Cell]:
    if found is None:
        return [cell("", class_="missing"), cell("", class_="missing")]
    differences = found.differences()
    words = "; ".join(map(percent, differences))
    return [cell(words, class_=f"number {_deviation(differences)}"), cell(verdict(found))]


def verdict(found: Comparison) -> Markup:
    """Whether the ranges meet, with a mark that does without colour."""
    words = VERDICTS[found.verdict] + (", short runs" if found.short else "")
    return element("span", words, class_=f"mark {'short' if found.short else found.verdict}")


def _deviation(differences: Sequence[float]) -> str:
    """The class of a difference by the larger of the two losses'; one that is not finite is far."""
    largest = max(abs(share) if math.isfinite(share) else FAR for share in differences)
    return "far" if largest >= FAR else "off" if largest >= NEAR else "near"


def _pair(both: Pair) -> str:
    return "; ".join(f"{loss:.2f}" for loss in both)


def percent(share: float) -> str:
    """A share as a signed percentage."""
    return f"{100 * share:+.1f} %".replace("-", "\u2212") if math.isfinite(share) else "none"
