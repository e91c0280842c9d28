"""What the paper leaves open, settled by measurement: a table for each question, its answer above it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...errors import InputError
from ...json_file import read_object
from ..fields import OBJECT, TEXT, WHOLE, check, is_number, list_of, optional
from .html import Cell, Markup, cell, element, joined, table
from .overview import Axis, paper_points

FOLDER = "questions"
_WORDS = optional(TEXT)
FIELDS = {**dict.fromkeys(("key", "title", "question", "answer", "rule", "rule_label", "counted"), _WORDS),
          "arms": optional(list_of(OBJECT))}
ARM = {**dict.fromkeys(("name", "what", "paper"), _WORDS), "runs": optional(list_of(OBJECT))}
RUN = {"model": _WORDS, "seed": optional(WHOLE)}
COLUMNS = {"train_last_batch": "train, last mini-batch", "train": "train, all images", "test": "test, all images"}
DRAWN = "test"              # the column that has a strip
STRIP = "test cross-entropy, a dot a run; the paper's above"
LOSSES = 2                  # cross-entropy; half the squared error
NOTE = "Cross-entropy; half the squared error: the mean over the seeds, and below it from the lowest to the highest."


def read_questions(results: Path) -> tuple[list[dict], list[str]]:
    """The questions of a results folder by their keys, and what could not be read, in words."""
    found, problems = [], []
    for path in sorted((results / FOLDER).glob("*.json")):
        remedy = "delete it to have the question measured again"
        try:
            question = check(path, read_object(path, remedy), FIELDS, (), remedy)
            for arm in question.get("arms") or []:
                check(path, arm, ARM, (), remedy)
                for run in arm.get("runs") or []:
                    check(path, run, RUN, (), remedy)
        except (InputError, OSError) as error:
            problems.append(f"{error}")
        else:
            found.append({"key": path.stem, **question})
    return found, problems


def question_tables(questions: Sequence[dict]) -> Markup:
    """All questions, or a line that says that none has been measured."""
    if not questions:
        return element("p", "No question has been measured yet.", class_="missing")
    return joined(_question(question) for question in questions)


def _question(question: dict) -> Markup:
    answer, rule = question.get("answer"), question.get("rule")
    arms = [row for arm in question.get("arms") or [] if isinstance(arm, dict) for row in _by_model(arm)]
    unfinished = "Not all of its runs are done." if question.get("complete") is False else ""
    lines = [element("p", question.get("question") or ""),
             element("p", answer or "Not answered yet.", class_="answer" if answer else "missing"),
             element("p", f"{question.get('rule_label') or 'Rule'}: {rule}", class_="note") if rule else "",
             element("p", unfinished, class_="missing") if unfinished else "",
             _arms(arms, _columns(question), question.get("counted") or "seeds") if arms
             else element("p", "Nothing measured yet.", class_="missing")]
    return element("article", element("h3", question.get("title") or question["key"]), *lines, class_="question",
                   id=f"question-{question['key']}")


def _by_model(arm: dict) -> list[dict]:
    """An arm of several models as one for each, since their losses have nothing to do with each other."""
    models = list(dict.fromkeys(run.get("model") for run in _runs(arm)))
    if len(models) < 2:
        return [arm]
    return [{**arm, "runs": [run for run in _runs(arm) if run.get("model") == model]} for model in models]


def _columns(question: dict) -> dict[str, str]:
    """Keys of a run with their headings; a question may name its own, as a mapping, or choose, as a list."""
    columns = question.get("columns")
    if isinstance(columns, dict) and columns:
        return {str(key): str(heading) for key, heading in columns.items()}
    if isinstance(columns, list) and columns:
        return {str(key): COLUMNS.get(str(key), str(key)) for key in columns}
    return COLUMNS


def _arms(arms: Sequence[dict], columns: dict[str, str], counted: str) -> Markup:
    tests = [value for arm in arms for value in _values(arm, DRAWN, 0)]
    papers_tests = [value for arm in arms for value, _ in paper_points(_model(arm))]
    axis = Axis.around(tests + papers_tests) if DRAWN in columns and any(map(math.isfinite, tests)) else None
    papers = any(arm.get("paper") for arm in arms)
    head = ["", "model", counted, *columns.values(), *([STRIP] if axis else []),
            *(["paper"] if papers else [])]
    rows = [_row(arm, columns, axis, papers) for arm in arms]
    return joined([table(NOTE, head, rows, "arms")])


def _row(arm: dict, columns: dict[str, str], axis: Axis | None, papers: bool) -> list[Cell]:
    runs = _runs(arm)
    seeds = {run.get("seed") for run in runs}
    row = [cell(element("strong", arm.get("name", "")), element("span", arm.get("what") or "", class_="sub"), head=True,
                class_="model"), cell(_model(arm), class_="name"), cell(len(seeds), class_="number")]
    row += [cell(*_spread(arm, key), class_="number") for key in columns]
    if axis:
        points = [(value, f"{arm.get('name', '')}, seed {run.get('seed')}")
                  for run in runs for value in _numbers(run, DRAWN)[:1]]
        dots = [axis.dots(paper_points(_model(arm)), "paper"), axis.dots(points, "ours")]
        row.append(cell(element("div", *dots, class_="line"), class_="drawn"))
    return row + ([cell(arm.get("paper") or "", class_="paper")] if papers else [])


def _model(arm: dict) -> str:
    return next((str(run["model"]) for run in _runs(arm) if run.get("model")), "")


def _spread(arm: dict, key: str) -> list:
    """The means, and the ranges below them."""
    series = [values for values in (_values(arm, key, loss) for loss in range(LOSSES)) if values]
    if not series:
        return ["not measured"]
    means = "; ".join(_figure(sum(values) / len(values)) for values in series)
    ranges = "; ".join(f"{_figure(min(values))} to {_figure(max(values))}" for values in series)
    return [means, element("span", ranges, class_="sub")] if len(series[0]) > 1 else [means]


def _values(arm: dict, key: str, loss: int) -> list[float]:
    return [numbers[loss] for numbers in (_numbers(run, key) for run in _runs(arm)) if len(numbers) > loss]


def _runs(arm: dict) -> list[dict]:
    return [run for run in arm.get("runs") or [] if isinstance(run, dict)]


def _numbers(run: dict, key: str) -> list[float]:
    """The value of `key`, a number or several, as far as it holds numbers."""
    value = run.get(key)
    several = list(value.values()) if isinstance(value, dict) else value
    values: list[Any] = several if isinstance(several, list) else [several]
    return [float(number) for number in values if is_number(number)]


def _figure(value: float) -> str:
    return f"{value:.2f}" if abs(value) < 1000 else f"{value:.4g}"
