"""The runs of questions, and what comes of them: questions/KEY.md to read and questions/KEY.json for the report."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ... import files
from ...errors import InputError
from ..losses import both_losses, mean, spread
from ..runs.plan import Plan
from ..runs.record import read_measures
from ..runs.run import Run
from . import mean_image
from .question import SEEDS, Arm, Measured, Outcome, Question

QUICK_SEEDS = 1


def question_runs(plan: Plan, questions: Iterable[Question], seeds: int) -> list[Run]:
    """All runs of `questions`, each once; the tables' own last, since those may be under way elsewhere."""
    runs: dict[Path, Run] = {}
    for question in questions:
        for seed in range(1, seeds + 1):
            for run in (run for arm in question.arms for run in _arm_runs(plan, arm, seed)):
                runs.setdefault(run.folder, run)
    tables = plan.folder / "runs"
    return sorted(runs.values(), key=lambda run: run.folder.parent == tables)


def runs_with_data(plan: Plan, questions: Iterable[Question]) -> list[Run]:
    """Runs, not to be trained, whose data the questions that are computed still have to read."""
    wanted = any(question.computed for question in questions) and not mean_image.recorded(plan)
    return [plan.run(mean_image.MODEL, 1)] if wanted else []


def _arm_runs(plan: Plan, arm: Arm, seed: int) -> list[Run]:
    return [plan.question_run(model, seed, arm.variant) for model in arm.models]


def outcomes(plan: Plan, question: Question, seeds: int) -> list[Outcome]:
    """What the finished runs of a question have given so far, or what is computed for it."""
    if question.computed:
        return list(question.computed(plan))
    return [_outcome([run for seed in range(1, seeds + 1) for run in _arm_runs(plan, arm, seed)], arm)
            for arm in question.arms]


def _outcome(runs: Sequence[Run], arm: Arm) -> Outcome:
    found = [(run, run.result()) for run in runs]
    measured = [Measured(run.model, run.seed, arm.losses(result, _measures(run))) for run, result in found if result]
    return Outcome(arm, [run for run in measured if run.losses["test"]], len(runs))


def _measures(run: Run) -> dict:
    try:
        return read_measures(run.folder)
    except InputError:      # told where measures are what is shown
        return {}


def write_question(plan: Plan, question: Question, seeds: int) -> Path:
    """Write the question's two files from what its runs have given so far; returns the Markdown's path."""
    if plan.backend == "caffe":
        question = replace(question, key=f"{question.key}-caffe", title=f"{question.title} (real Caffe)")
    found = outcomes(plan, question, seeds)
    answer = question.answer(found)
    folder = plan.folder / "questions"
    files.write_text(folder / f"{question.key}.json", json.dumps(_message(question, answer, found), indent=1) + "\n")
    path = folder / f"{question.key}.md"
    files.write_text(path, _markdown(question, answer, found, plan.quick))
    return path


def _message(question: Question, answer: str, found: Sequence[Outcome]) -> dict:
    return {"key": question.key, "title": question.title, "question": question.question, "rule": question.rule,
            "rule_label": question.rule_label, "counted": question.counted, "columns": dict(question.columns),
            "answer": answer,
            "complete": bool(found) and all(len(outcome.runs) == outcome.planned for outcome in found),
            "arms": [{"name": outcome.arm.name, "what": outcome.arm.what, "paper": outcome.arm.paper,
                      "runs": [{"model": run.model, "seed": run.seed,
                                **{stage: losses and list(losses) for stage, losses in run.losses.items()}}
                               for run in outcome.runs]} for outcome in found]}


def _markdown(question: Question, answer: str, found: Sequence[Outcome], quick: bool) -> str:
    columns = dict(question.columns)
    lines = [f"# {question.title}", "", question.question, "",
             *(["**Quick: short runs, whose numbers answer nothing.**", ""] if quick else []),
             f"**Answer.** {answer}", "", f"*{question.rule_label}.* {question.rule}", "",
             "Losses per image, cross-entropy; half the squared error; from the lowest to the highest, and the mean.",
             "",
             f"| arm | {question.counted} | {' | '.join(columns.values())} | paper |",
             "|---|---|" + "---|" * (len(columns) + 1)]
    lines += [row for outcome in found for row in _rows(outcome, columns)]
    return "\n".join(lines + ([] if question.computed else ["", *_each_run(found, columns)])) + "\n"


def _rows(outcome: Outcome, columns: Mapping[str, str]) -> list[str]:
    """A row for each of the arm's models, or what stands in for one where nothing is trained."""
    models = outcome.arm.models or list(dict.fromkeys(run.model for run in outcome.runs))
    return [f"| {outcome.arm.name}: {outcome.arm.what}{_of(model, outcome.arm)} | "
            f"{sum(run.model == model for run in outcome.runs)} | "
            + " | ".join(_cell(outcome.pairs(stage, model)) for stage in columns)
            + f" | {outcome.arm.paper_of(model)} |" for model in models]


def _of(model: str, arm: Arm) -> str:
    return f"; {model}" if len(arm.models) > 1 else ""


def _cell(pairs) -> str:
    if not pairs:
        return "none"
    means = "; ".join(f"{mean(numbers):.2f}" for numbers in both_losses(pairs))
    return f"{spread(pairs)} (mean {means})" if len(pairs) > 1 else means


def _each_run(found: Sequence[Outcome], columns: Mapping[str, str]) -> list[str]:
    lines = [f"| arm | model | seed | {' | '.join(columns.values())} |", "|---|---|---|" + "---|" * len(columns)]
    for outcome in found:
        for run in outcome.runs:
            cells = ["; ".join(f"{value:.2f}" for value in run.losses.get(stage) or ()) or "none" for stage in columns]
            lines.append(f"| {outcome.arm.name} | {run.model} | {run.seed} | {' | '.join(cells)} |")
    return lines


def seeds_for(runs, quick: bool) -> int:
    """How many seeds an arm has: `--runs` if it was given, else SEEDS, or QUICK_SEEDS in a short version."""
    return runs or (QUICK_SEEDS if quick else SEEDS)
