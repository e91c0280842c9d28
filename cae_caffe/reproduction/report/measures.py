"""How well the codes keep classes apart: the count that the paper took by eye, and figures of merit without eyes."""

from __future__ import annotations

from collections.abc import Sequence

from ...models import PAPER
from ..paper import REPORTED
from .html import Cell, Markup, cell, element, joined, table
from .records import Record, Records

# Key of measures.json, heading, digits behind the point.
MERITS: Sequence[tuple[str, str, int]] = (
    ("knn", "k-NN accuracy", 3), ("linear", "linear classifier, accuracy", 3),
    ("trustworthiness", "trustworthiness", 3), ("silhouette", "silhouette", 3),
    ("purity", "purity, mean of the classes", 3),
)
NOTE = ("Mean over the runs, and lowest to highest. The paper counted classes whose colour is not mixed with "
        "another's, by eye, 10 in each of 3 runs; here a rule fixed beforehand counts, by the purity of each class's "
        "neighbourhoods on the same 2-D picture. Accuracies and silhouette are of the codes themselves, so that nets "
        "can be ranked without a picture; trustworthiness is of the picture against the images.")


def count_words(runs: Sequence[Record]) -> str:
    """How many classes of how many stand apart in all of `runs` together, as `21 of 30`."""
    counts = [found for found in (_apart(run.measures) for run in runs) if found]
    if not counts:
        return "not measured"
    return f"{sum(apart for apart, _ in counts)} of {sum(classes for _, classes in counts)}"


def _apart(measures: dict) -> tuple[int, int] | None:
    """Classes that stand apart and classes there are, of one run; None if nobody counted."""
    separated = measures.get("separated")
    return (sum(map(bool, separated)), len(separated)) if separated else None


def measure_table(records: Records) -> Markup:
    """A row for each model that has been measured."""
    rows = [row for row in (_row(model, records) for model in PAPER) if row]
    if not rows:
        return element("p", "No run's codes have been measured yet.", class_="missing")
    head = ["Model", "runs", "classes apart, paper", "classes apart, here", *(heading for _, heading, _ in MERITS)]
    return joined([table("Separation of the classes", head, rows, "measures"), element("p", NOTE, class_="note")])


def _row(model: str, records: Records) -> list[Cell] | None:
    done = [run for run in records.of(model).values() if run.measures]
    runs = [run for run in done if not run.real] or done
    if not runs:
        return None
    merits = [cell(*_spread([run.measures.get(key) for run in runs], digits), class_="number")
              for key, _, digits in MERITS]
    return [cell(element("strong", model), head=True, class_="model"), cell(len(runs), class_="number"),
            cell(f"{REPORTED[model].classes} of 30", class_="number paper"), cell(count_words(runs), class_="number"),
            *merits]


def _spread(values: Sequence, digits: int) -> list:
    """The mean, and the range below it."""
    known = [value for value in map(_number, values) if value is not None]
    if not known:
        return ["not measured"]
    mean = f"{sum(known) / len(known):.{digits}f}"
    return [mean, element("span", f"{min(known):.{digits}f} to {max(known):.{digits}f}", class_="sub")]


def _number(value) -> float | None:
    """A measure as one number: of one that has a value for each class, the mean."""
    if isinstance(value, list) and value:
        return sum(value) / len(value)
    return value if isinstance(value, (int, float)) else None
