"""The record of a finished run, RUN/result.json: its losses, its curves, and all that is needed to repeat it."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Sequence
from pathlib import Path

from ... import files
from ...analysis.log import Curve, TrainingLog, read_log
from ...json_file import read_object
from ...version import VERSION
from ..fields import (
    ANY_LIST,
    COUNT,
    CURVES,
    LOSSES,
    NUMBERS,
    OBJECT,
    SECONDS,
    TEXT,
    WHOLE,
    check,
    object_of,
    optional,
)
from .environment import environment

RESULT, LOG, SOLVER = "result.json", "train.log", "solver.prototxt"
MEASURES, PICTURE, CODES = "measures.json", "picture.npz", "codes.h5"       # what the trained net's codes leave there
THREADS = 1             # every run has one, so that several side by side do not share out cores in an unknown way
DISPLAYS = 10           # the last ones, whose mean is a training loss that no single mini-batch decides
THOUSAND = 1000         # the paper's training losses are those shown at the last multiple of it
_TIME = re.compile(r"^[IWEF](\d\d)(\d\d) (\d\d):(\d\d):(\d\d)\.(\d{1,6})")       # glog's: month, day, time
FIELDS = {
    "model": TEXT, "seed": WHOLE, "iterations": COUNT, "engine": TEXT, "backend": TEXT, "version": TEXT,
    "command": TEXT, "solver": TEXT, "date": TEXT, "threads": WHOLE, "seconds": optional(SECONDS),
    "environment": OBJECT, "variant": object_of(name=TEXT, what=TEXT), "train": LOSSES, "test": LOSSES,
    "train_last_batch": LOSSES, "train_last_displays": LOSSES, "train_last_thousand": LOSSES, "curves": CURVES,
}
MEASURED = {
    "model": TEXT, "seed": WHOLE, "iterations": COUNT, "picture": TEXT, "classes": WHOLE, "separated": ANY_LIST,
    **dict.fromkeys(("purity", "trustworthiness", "knn", "linear", "silhouette", "test_first_5000", "test_last_5000"),
                    optional(NUMBERS)),
}
_ENGINE = "Engine:"     # the first line of every `cae-caffe train`
_NESTED = re.compile(r"\[\s+([^\[\]{}]*?)\s+\]")


def read(folder: Path, name: str) -> dict | None:
    """The record in `folder`, None if there is none; InputError, which calls the run `name`, for a damaged one."""
    path, remedy = folder / RESULT, f"delete it to run {name} again"
    try:
        return check(path, read_object(path, remedy), FIELDS, ("iterations", "test"), remedy)
    except FileNotFoundError:
        return None


def read_measures(folder: Path) -> dict:
    """What was measured on the codes of the run in `folder`, empty if nothing was; InputError if it is damaged."""
    path, remedy = folder / MEASURES, "delete it to have the codes measured again"
    try:
        return check(path, read_object(path, remedy), MEASURED, (), remedy)
    except FileNotFoundError:
        return {}


def write(folder: Path, own: dict, log: TrainingLog, seconds: float | None) -> dict:
    """Write and return the record of a run whose parameters are `own` and whose log has been read."""
    tests = [log.test[net] for net in sorted(log.test)]
    on_train = tests[0] if len(tests) > 1 else {}
    curves = {"loss": _points(log.loss), "train": _all_points(on_train), "test": _all_points(tests[-1])}
    result = {
        **own, "engine": engine(folder / LOG), "version": VERSION, "threads": THREADS,
        "seconds": round(seconds_of(folder / LOG) if seconds is None else seconds, 1),
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "environment": environment(),
        "train_last_batch": last(log.train), "train_last_displays": last_displays(log),
        "train_last_thousand": last_thousand(log),
        "train": last(on_train), "test": last(tests[-1]), "curves": curves,
    }
    return save(folder, result)


def save(folder: Path, result: dict) -> dict:
    """Write a record and return it."""
    files.write_text(folder / RESULT, text(result))
    return result


def text(result: dict) -> str:
    """A record as its file has it, small numbers side by side."""
    return _NESTED.sub(lambda found: f"[{' '.join(found[1].split())}]", json.dumps(result, indent=1)) + "\n"


def completed(folder: Path, result: dict) -> dict:
    """A record of an older version, with what can still be had from the log and the solver that stand beside it."""
    added: dict[str, object] = {}
    readings = {"train_last_displays": last_displays, "train_last_thousand": last_thousand}
    if (folder / LOG).exists() and not set(readings) <= set(result):
        log = read_log(folder / LOG)
        added = {name: reading(log) for name, reading in readings.items() if name not in result}
    elif "train_last_thousand" not in result and "variant" not in result:
        added = _thousand_of_curve(result)
    if "solver" not in result and (folder / SOLVER).exists():
        added["solver"] = (folder / SOLVER).read_text(encoding="utf-8")
    return save(folder, {**result, **added}) if added else result


def reached(log: TrainingLog) -> int:
    """The last iteration behind which all test nets were run."""
    ends = [curve.iterations[-1] for outputs in log.test.values() for curve in outputs.values()]
    return min(log.loss.iterations[-1:] + ends) if ends else 0


def last(outputs) -> dict[str, float]:
    """The last value of each output, by its name."""
    return {output.name: curve.values[-1] for output, curve in outputs.items()}


def last_displays(log: TrainingLog) -> dict[str, float]:
    """The mean of each of the training net's outputs over the last DISPLAYS mini-batches that were shown."""
    return {output.name: sum(curve.values[-DISPLAYS:]) / len(curve.values[-DISPLAYS:])
            for output, curve in log.train.items()}


def last_thousand(log: TrainingLog) -> dict[str, float]:
    """The training net's outputs at the last multiple of THOUSAND that was shown; at the last shown, in short runs."""
    return {output.name: dict(zip(curve.iterations, curve.values))[_last_thousand(curve.iterations)]
            for output, curve in log.train.items()}


def _last_thousand(iterations: Sequence[int]) -> int:
    return max([iteration for iteration in iterations if iteration and iteration % THOUSAND == 0] or iterations)


def _thousand_of_curve(result: dict) -> dict:
    """`train_last_thousand` of a record without a log: cross-entropy, which is all that the paper's nets minimise."""
    shown = dict(result.get("curves", {}).get("loss", []))
    shown.pop(result["iterations"], None)       # after the last iteration a log has the loss, but no outputs
    return {"train_last_thousand": {"cross_entropy_loss": shown[_last_thousand(list(shown))]}} if shown else {}


def engine(log: Path) -> str:
    """The engine as the command printed it on its first line."""
    with log.open(encoding="utf-8", errors="replace") as lines:
        return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(_ENGINE)), "unknown")


def seconds_of(log: Path) -> float:
    """How long training took by the log's own times, those of all sessions of a resumed run together."""
    total = 0.0
    first: datetime.datetime | None = None
    latest: datetime.datetime | None = None
    with log.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            found = _TIME.match(line)
            if found:
                latest = _moment(*found.groups()) or latest
                first = latest if first is None else first
            elif line.startswith(_ENGINE):
                total, first = total + _span(first, latest), None
    return total + _span(first, latest)


def _span(first: datetime.datetime | None, latest: datetime.datetime | None) -> float:
    """The seconds between the first and the latest time of a session, none of one without times."""
    return max(0.0, (latest - first).total_seconds()) if first and latest else 0.0


def _moment(*parts: str) -> datetime.datetime | None:
    """The time that a line of the log begins with; None if there is no such time, as of a damaged line."""
    # glog names no year; a leap one has all days. A session over New Year's Eve seems to end before it began.
    month, day, hour, minute, second, micro = map(int, parts)
    try:
        return datetime.datetime(2024, month, day, hour, minute, second, micro)
    except ValueError:
        return None


def _all_points(outputs) -> dict[str, list[list[float]]]:
    return {output.name: _points(curve) for output, curve in outputs.items()}


def _points(curve: Curve) -> list[list[float]]:
    return [list(point) for point in zip(curve.iterations, curve.values)]
