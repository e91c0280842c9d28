"""The report at a glance: how far the runs are, and each row of Tables 1 and 4 as the paper's range beside ours."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...models import PAPER
from ..paper import REPORTED
from ..runs.plan import PAPER_RUNS, TABLES
from .html import Markup, element, joined
from .loss_tables import TITLES, comparison, counted, full_length, losses, percent, verdict
from .records import Records

# One net of each architecture is trained by real Caffe too.
CONTROLS = tuple(model for model in PAPER if model.endswith("-n30"))
TICKS = 50                  # of the axis, in units of cross-entropy
OUTCOMES = {"meet": "● rows whose test losses meet the paper's", "lower": "▼ rows where ours are lower",
            "higher": "▲ rows where ours are higher", "broken": "✕ rows with a loss that is not finite"}
MARGIN = 0.03               # of the axis at both ends, as a share
MOST_TICKS = 40             # marks of an axis


def done_of_planned(records: Records) -> tuple[int, int]:
    """Finished runs of the paper's length, three a model at most, and how many there have to be."""
    finished = (sum(run.done and not run.real and full_length(run) for run in records.of(model).values())
                for model in PAPER)
    done = sum(min(PAPER_RUNS, runs) for runs in finished)
    return done, PAPER_RUNS * len(PAPER)


def controls_done(records: Records) -> tuple[int, int]:
    """Controls by real Caffe that are finished, and how many there have to be."""
    done = sum(any(run.done and run.real and full_length(run) for run in records.of(model).values())
               for model in CONTROLS)
    return done, len(CONTROLS)


def tiles(records: Records) -> Markup:
    """The numbers to read first."""
    verdicts = [found.verdict for found in (comparison(model, records) for model in PAPER)
                if found and not found.short]
    words = [(f"{count(done_of_planned(records))}", "runs done at the paper's length"),
             (f"{count(controls_done(records))}", "controls by real Caffe done")]
    words += [(f"{verdicts.count(kind)}", text) for kind, text in OUTCOMES.items()
              if verdicts.count(kind) or kind == "meet"]
    if len(verdicts) < len(PAPER):
        words.append((f"{len(PAPER) - len(verdicts)}", f"of {len(PAPER)} rows without a run of full length"))
    return element("ul", *(element("li", element("strong", number), element("span", text)) for number, text in words),
                   class_="tiles")


def count(numbers: tuple[int, int]) -> str:
    """As `12 of 63`."""
    return f"{numbers[0]} of {numbers[1]}"


def strips(records: Records) -> Markup:
    """A line for each row: above it the paper's three test losses, below it those of our runs."""
    values = [value for model in PAPER for value, _ in paper_points(model) + _ours(records.of(model).values())]
    axis = Axis.around(values)
    groups = [element("h3", TITLES[table], class_="strip-title") + axis.markup("test cross-entropy per image")
              + joined(_strip(model, records, axis) for model in PAPER if model.startswith(TABLES[table]))
              for table in (4, 1)]
    key = element("p", element("i", class_="dot paper"), " paper, three runs; ", element("i", class_="dot ours"),
                  " ours, a dot a run; ", element("i", class_="dot real"), " real Caffe, here", class_="note key-line")
    return joined([key, element("div", *map(Markup, groups), class_="strips")])


class Axis:
    """A line from `low` to `high` on which values have a place."""

    def __init__(self, low: float, high: float):
        self.low, self.high = low, high

    @classmethod
    def around(cls, values: Sequence[float]) -> Axis:
        """The axis that holds all finite `values`."""
        finite = [value for value in values if math.isfinite(value)]
        low, high = min(finite), max(finite)
        margin = MARGIN * (high - low) or max(1.0, abs(high))
        return cls(low - margin, high + margin)

    def place(self, value: float) -> str:
        return f"left:{100 * (value - self.low) / (self.high - self.low):.2f}%"

    def markup(self, words: str) -> Markup:
        """The axis as the first line of the strips below it."""
        step = TICKS * max(1, math.ceil((self.high - self.low) / (TICKS * MOST_TICKS)))
        marks = [element("span", f"{value}", style=self.place(value))
                 for value in range(math.ceil(self.low / step) * step, math.floor(self.high) + 1, step)]
        return element("div", element("span", words, class_="strip-name"), element("div", *marks, class_="axis"),
                       element("span"), class_="strip head", aria_hidden="true")

    def dots(self, points: Sequence[tuple[float, str]], kind: str) -> Markup:
        """Values with their words as dots of a kind, and a bar from the least to the greatest."""
        finite = [(value, words) for value, words in points if math.isfinite(value)]
        if not finite:
            return Markup("")
        low, high = min(finite)[0], max(finite)[0]
        width = f"{self.place(low)};width:{100 * (high - low) / (self.high - self.low):.2f}%"
        return joined([element("b", style=width, class_=f"range {kind}"),
                       *(element("i", style=self.place(value), class_=f"dot {kind}", title=f"{words}: {value:.2f}")
                         for value, words in finite)])


def _strip(model: str, records: Records, axis: Axis) -> Markup:
    runs = records.of(model)
    found = comparison(model, records)
    dots = [axis.dots(paper_points(model), "paper"), axis.dots(_ours(counted(runs.values())), "ours"),
            axis.dots(_ours([run for run in runs.values() if run.real and run.done]), "real")]
    words = [_state(runs)]
    if found:
        share = found.difference(0)
        words = [verdict(found), f" {percent(share)}" if math.isfinite(share) else ""]
    return element("div", element("span", model, class_="strip-name"), element("div", *dots, class_="line"),
                   element("span", *words, class_="strip-verdict"), class_="strip")


def _state(runs: dict) -> str:
    return "under way" if runs else "not run"


def paper_points(model: str) -> list[tuple[float, str]]:
    """The paper's test cross-entropies of a model, each with its words; none of a model that it does not have."""
    reported = REPORTED.get(model)
    return [(pair[0], f"paper, run {at}") for at, pair in enumerate(reported.test if reported else (), 1)]


def _ours(runs) -> list[tuple[float, str]]:
    pairs = [(run, losses(run, "test")) for run in runs if run.done]
    return [(pair[0], run.label) for run, pair in pairs if pair]
