"""The page as a whole: what a results folder holds, in the paper's order, in one file that needs no network."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ... import files
from ...errors import InputError
from ...models import PAPER as AUTOENCODERS
from .accounts import accounts
from .charts import charts
from .html import Markup, element, escaped, joined, section
from .loss_tables import full_length, loss_table
from .measures import measure_table
from .overview import controls_done, count, done_of_planned, strips, tiles
from .pictures import figures, missing_figures
from .plane import map_section, read_map
from .questions import question_tables, read_questions
from .records import Records, read_records
from .repeat import commands, environments
from .solver_table import solver_tables

REPORT = "report.html"
ASSETS = Path(__file__).parent / "assets"
STYLES, SCRIPTS = ("report.css", "tables.css", "map.css"), ("plane.js", "map.js")
TITLE = "A deep convolutional auto-encoder in Caffe, reproduced"
PAPER = ("Numbers of V. Turchenko and A. Luczak, “Creation of a Deep Convolutional Auto-Encoder in Caffe”, beside "
         "those measured here.")
# Nothing is fetched from anywhere: the browser itself holds the page to it.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


class _Part(NamedTuple):
    """A section: its anchor, its name in the contents, its heading and what it holds."""

    key: str
    name: str
    title: str
    content: Markup


def write(results, out=None) -> Path:
    """Write the report of the folder `results` to `out`, by default `results`/report.html; returns its path.

    It shows what there is: `results`/runs/*/ (result.json, train.log of runs under way, measures.json),
    questions/*.json, figures/fig1.png to fig7.png and map.json (`measures.code_map`), and says what is unfinished,
    missing or cannot be read. No engine is needed and nothing is computed, so it can be written again whenever a result
    arrives. Raises InputError if there is no such folder.
    """
    results = Path(results)
    if not results.is_dir():
        raise InputError(f"{results}: there is no such folder of results; `cae-caffe reproduce` makes it.")
    path = Path(out) if out is not None else results / REPORT
    files.write_text(path, _document(results))
    return path


def _document(results: Path) -> Markup:
    records = read_records(results)
    questions, unread = read_questions(results)
    data, trouble = read_map(results)
    problems = [*records.problems, *unread, *([trouble] if trouble else [])]
    parts = [
        _Part("glance", "Glance", "At a glance", joined([tiles(records), strips(records)])),
        _Part("map", "Map", "The map of codes", map_section(data)),
        _Part("table1", "Table 1", "Table 1: classic auto-encoders", loss_table(1, records)),
        _Part("tables23", "Tables 2, 3", "Tables 1 to 3: sizes and parameters", accounts()),
        _Part("table4", "Table 4", "Table 4: convolutional auto-encoders", loss_table(4, records)),
        _Part("table5", "Table 5", "Table 5: solvers and times", solver_tables(records)),
        _Part("classes", "Classes", "Separation of classes", measure_table(records)),
        _Part("questions", "Questions", "What the paper leaves open", question_tables(questions)),
        _Part("figures", "Figures", "Figures 1 to 7", figures(results)),
        _Part("curves", "Curves", "Curves of all runs", charts(records)),
        _Part("repeat", "Repeat", "Environment, and how to repeat it",
              joined([environments(records), commands(records)])),
        _Part("missing", "Missing", "Unfinished and missing",
              _unfinished(results, records, questions, data, problems)),
    ]
    links = element("nav", *(element("a", part.name, href=f"#{part.key}") for part in parts), aria_label="contents")
    main = element("main", *(section(part.key, part.title, part.content) for part in parts))
    script = Markup(f"<script>{_assets(SCRIPTS)}</script>" if data else "")
    return Markup(f'<!DOCTYPE html>\n<html lang="en">{_head()}<body>{_header(records, problems)}{links}{main}{script}'
                  "</body></html>\n")


def _head() -> Markup:
    return Markup(f'<head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{POLICY}">'
                  '<meta name="viewport" content="width=device-width, initial-scale=1">'
                  '<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">'
                  f"<title>{escaped(TITLE)}</title><style>{_assets(STYLES)}</style></head>")


def _assets(names: Sequence[str]) -> str:
    return "\n".join((ASSETS / name).read_text(encoding="utf-8") for name in names)


def _header(records: Records, problems: Sequence[str]) -> Markup:
    now = datetime.datetime.now(datetime.timezone.utc)
    state = (f"Made {now:%Y-%m-%d %H:%M} UTC. {count(done_of_planned(records))} runs and "
             f"{count(controls_done(records))} controls by real Caffe are done.")
    under_way = sum(not run.done for run in records.runs)
    if under_way:
        state += f" {under_way} {'are' if under_way > 1 else 'is'} under way or cut off."
    finished = [run for run in records.runs if run.done and run.model in AUTOENCODERS]
    warnings = []
    if finished and not any(full_length(run) for run in finished):
        warnings.append("All runs here are shorter than the paper's, so their numbers say nothing about its claims.")
    if problems:
        warnings.append(f"{len(problems)} of the files could not be read; see the end.")
    return element("header", element("h1", TITLE), element("p", PAPER), element("p", state, class_="state"),
                   *(element("p", warning, class_="warning") for warning in warnings))


def _unfinished(results: Path, records: Records, questions: Sequence, data: dict | None,
                problems: Sequence[str]) -> Markup:
    """What a reader could look for in vain, in words."""
    lines = [f"{run.model}, {run.label}: at {run.reached} of {run.length or 'an unknown number of'} iterations."
             for run in records.runs if not run.done]
    lines += _absent(results, records, questions, data)
    lines += [f"Not readable: {problem}" for problem in problems]
    if not lines:
        return element("p", "Nothing: all runs, controls, questions, figures and the map are there.")
    return element("ul", *(element("li", line) for line in lines))


def _absent(results: Path, records: Records, questions: Sequence, data: dict | None) -> list[str]:
    lines = []
    done, planned = done_of_planned(records)
    if done < planned:
        lines.append(f"{planned - done} of the {planned} runs at the paper's length are not done.")
    done, planned = controls_done(records)
    if done < planned:
        lines.append(f"{planned - done} of the {planned} controls by real Caffe are not done.")
    unmeasured = sum(run.done and not run.measures for run in records.runs if run.model in AUTOENCODERS)
    if unmeasured:
        lines.append(f"The codes of {unmeasured} finished runs have not been measured.")
    if not questions:
        lines.append("No open question has been measured.")
    lines += [f"Figure {number} has not been made." for number in missing_figures(results)]
    return lines if data else [*lines, "The map of codes has not been made."]
