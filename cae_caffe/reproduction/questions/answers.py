"""The rules by which numbers answer a question. None of them knows an answer: each puts into words what it is given.

Two arms are told apart in a loss where their ranges over the seeds do not overlap. An arm whose loss is not finite in a
run did not train.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Callable

from ..losses import LOSSES, Pair, mean, spread, values
from ..paper import REPORTED
from .question import Outcome

WORDS = ("cross-entropy", "squared error")
APART = ("Two arms are told apart in a loss where their ranges over the seeds do not overlap; where two ranges of five "
         "seeds are apart, chance alone does that once in 126 times. ")
NEAREST = APART + ("The arm that reproduces the paper is the one whose mean test cross-entropy is nearest to the mean "
                   "of the paper's three runs.")
CLAIM = APART + "The paper's claim holds in a loss where the arm it calls worse has the higher range of test losses."
GAP = ("Nets differ from run to run, but the gap between a net's test and training cross-entropy hardly does, so the "
       "readings are compared by it: the one whose mean gap is nearest to the paper's, on average over the models, is "
       "the paper's.")
BOTH = ("The arm that reproduces the paper is the one whose mean cross-entropies, on the paper's mini-batch and on the "
        "test images, are nearest to the means of the paper's three runs, on average over the two.")


def nearest(outcomes: Sequence[Outcome]) -> str:
    """For each model, which arm comes nearest to the paper's test losses, and whether the arms differ at all."""
    return _of_each_model(outcomes, _nearest_of)


def _of_each_model(outcomes: Sequence[Outcome], *sayings: Callable[[str, Sequence[Outcome]], str]) -> str:
    """What all `sayings` say of each model of the arms."""
    models = dict.fromkeys(model for outcome in outcomes for model in outcome.arm.models)
    said = [say(model, outcomes) for model in models for say in sayings]
    return _with_progress(outcomes, " ".join(filter(None, said)))


def _tested(model: str, outcomes: Sequence[Outcome]) -> list[tuple[str, list[Pair]]]:
    """The arms that have test losses of `model`, and those."""
    arms = [(outcome.arm.name, outcome.pairs("test", model)) for outcome in outcomes]
    return [(name, pairs) for name, pairs in arms if pairs]


def _nearest_of(model: str, outcomes: Sequence[Outcome]) -> str:
    arms = _tested(model, outcomes)
    if not arms:
        return ""
    paper = REPORTED[model].test
    goal = mean(values(paper, 0))
    distances = [(abs(mean(values(pairs, 0)) - goal), name) for name, pairs in arms]
    finite = [found for found in distances if math.isfinite(found[0])]
    found = "; ".join(f"{name} ends at {spread(pairs)}" for name, pairs in arms)
    best = f"nearest is {min(finite)[1]}, {min(finite)[0]:.2f} away on average" if finite else "none trained"
    return f"{model}, test images: {found}; the paper has {spread(paper)}; {best}. {_differences(arms)}"


def nearest_in_both(outcomes: Sequence[Outcome]) -> str:
    """For each model, which arm comes nearest to the paper's training and test losses together."""
    return _of_each_model(outcomes, _nearest_in_both)


def nearest_in_both_and_apart(outcomes: Sequence[Outcome]) -> str:
    """The same, and whether the arms' test losses are told apart."""
    return _of_each_model(outcomes, _nearest_in_both, lambda model, _: _differences(_tested(model, outcomes)))


def _nearest_in_both(model: str, outcomes: Sequence[Outcome]) -> str:
    goals = [mean(values(getattr(REPORTED[model], stage), 0)) for stage in ("train", "test")]
    found = {}
    for outcome in outcomes:
        pairs = [outcome.pairs(stage, model) for stage in ("train", "test")]
        if all(pairs):
            found[outcome.arm.name] = [mean(values(one, 0)) for one in pairs]
    if not found:
        return ""
    away = {name: mean([abs(loss - goal) for loss, goal in zip(losses, goals)]) for name, losses in found.items()}
    said = ", ".join(f"{name} has {_both(losses)}, {away[name]:.2f} away" for name, losses in found.items())
    best = min(away, key=lambda name: away[name])
    return f"{model}, training and test: the paper has {_both(goals)} on average; {said}. Nearest: {best}."


def _both(losses: Sequence[float]) -> str:
    return " and ".join(f"{loss:.2f}" for loss in losses)


def _differences(arms: Sequence[tuple[str, list[Pair]]]) -> str:
    """How every arm compares with the first; nothing if there is no arm."""
    first, *others = arms or [("", [])]
    said = []
    for name, pairs in others:
        relation = _relation(values(pairs, 0), values(first[1], 0))
        said.append(f"{name} is {relation} {first[0]}" if relation else f"{name} is not told apart from {first[0]}")
    return f"In cross-entropy {', '.join(said)}." if said else ""


def _relation(ours: Sequence[float], others: Sequence[float]) -> str | None:
    """"lower than" or "higher than" where the ranges are apart, else None."""
    if not all(map(math.isfinite, [*ours, *others])):
        return "broken beside" if all(map(math.isfinite, others)) else None
    if max(ours) < min(others):
        return "lower than"
    return "higher than" if min(ours) > max(others) else None


def worse(outcomes: Sequence[Outcome]) -> str:
    """Whether every arm behind the first is worse than the first, as the paper claims, loss by loss."""
    first, *others = outcomes
    base = first.pairs("test")
    said = [f"{first.arm.name} ends at {spread(base)} on test images."]
    for outcome in others:
        pairs = outcome.pairs("test")
        if not pairs or not base:
            continue
        verdicts = [f"{_verdict(values(pairs, loss), values(base, loss))} in {WORDS[loss]}" for loss in (0, 1)]
        said.append(f"{outcome.arm.name} ends at {spread(pairs)}: {' and '.join(verdicts)}; the claim "
                    f"{_holds(pairs, base)}.")
    return _with_progress(outcomes, " ".join(said))


def _verdict(ours: Sequence[float], others: Sequence[float]) -> str:
    if not all(map(math.isfinite, ours)):
        return "it did not train"
    return {"lower than": "better", "higher than": "worse", None: "not told apart"}[_relation(ours, others)]


def _holds(pairs: Sequence[Pair], base: Sequence[Pair]) -> str:
    verdicts = [_verdict(values(pairs, loss), values(base, loss)) for loss in range(len(LOSSES))]
    bad = [verdict in ("worse", "it did not train") for verdict in verdicts]
    if all(bad):
        return "holds"
    return "holds in one of the two losses" if any(bad) else "does not hold"


def gap(outcomes: Sequence[Outcome]) -> str:
    """Which reading's gap between test and training cross-entropy is the paper's."""
    found = [(outcome.arm.name, gaps) for outcome in outcomes for gaps in [_gaps(outcome)] if gaps]
    if not found:
        return "No run yet."
    distance = {name: mean([abs(ours - paper) for ours, paper in gaps.values()]) for name, gaps in found}
    said = [f"{name}: " + ", ".join(f"{model} {ours:+.2f} (the paper {paper:+.2f})"
                                    for model, (ours, paper) in gaps.items())
            + f"; {distance[name]:.2f} away on average." for name, gaps in found]
    best = min(distance, key=lambda name: distance[name])
    return _with_progress(outcomes, f"Nearest is {best}. Mean gap, test less training: {' '.join(said)}")


def _gaps(outcome: Outcome):
    """Our and the paper's mean gap, by model."""
    gaps = {}
    for model in outcome.arm.models:
        pairs = [(run.losses.get("test"), run.losses.get("train")) for run in outcome.runs if run.model == model]
        ours = [test[0] - train[0] for test, train in pairs if test and train]
        if ours:
            reported = REPORTED[model]
            gaps[model] = (mean(ours), mean(values(reported.test, 0)) - mean(values(reported.train, 0)))
    return gaps


def _with_progress(outcomes: Sequence[Outcome], text: str) -> str:
    done, planned = sum(len(outcome.runs) for outcome in outcomes), sum(outcome.planned for outcome in outcomes)
    return text if done == planned else f"So far, with {done} of {planned} runs: {text}" if done else "No run yet."
