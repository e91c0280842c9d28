"""What this engine should reach, beside what it did reach."""

from __future__ import annotations

from .commands import commands
from .nets import NETS
from .sides import EAGER, ENGINE, NAMES

MOST_MEMORY = 1.5       # times plain PyTorch's


def judge(results: dict) -> list[dict]:
    """The targets of all that was measured: title, value (None where it was not), bound, and whether it was met."""
    targets: list[dict] = []
    for name, record in results["training"].items():
        targets += _of_net(name, record)
    for command in commands():
        if command.limit is not None and command.title in results["commands"]:
            seconds = results["commands"][command.title]["median"]
            targets.append(_target(f"seconds of {command.title}", seconds, "<", command.limit))
    return targets


def _of_net(name: str, record: dict) -> list[dict]:
    net = NETS[name]
    targets = [_target(f"{name}: times {NAMES[engine]}", _median(record["ratios"].get(engine)), ">=", bound)
               for engine, bound in net.ratios.items()]
    if net.limit_share is not None:
        targets.append(_target(f"{name}: share of its matrix products' rate", share_of_limit(record), ">=",
                               net.limit_share))
    targets.append(_target(f"{name}: memory, times {NAMES[EAGER]}", record["memory_ratios"].get(EAGER), "<=",
                           MOST_MEMORY))
    return targets


def share_of_limit(record: dict) -> float | None:
    """How much of its matrix products' rate this engine's best side reached, or None."""
    for entry in record["sides"]:
        if entry["engine"] == ENGINE and entry["label"] == record["best"][ENGINE]:
            return _median(entry.get("share_of_limit"))
    return None


def _median(summary: dict | None) -> float | None:
    return None if summary is None else summary["median"]


_HOLDS = {">=": lambda value, bound: value >= bound, "<=": lambda value, bound: value <= bound,
          "<": lambda value, bound: value < bound}


def _target(title: str, value: float | None, relation: str, bound: float) -> dict:
    met = None if value is None else _HOLDS[relation](value, bound)
    return {"title": title, "value": value, "relation": relation, "bound": bound, "met": met}
