"""Which layers of a net exist in a given state: phase, level and stages against the layers' rules (Net::FilterNet)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import InputError
from . import messages

Report = Callable[[str, str], None]       # place in Caffe's source, message


def filtered(net, lines: list[int | None], report: Report = lambda place, message: None) -> tuple[Any, list]:
    """The net without the layers that its `state` leaves out, and the lines of those that stay.

    `report` is told of each rule that is not met, as Caffe's log is. Raises InputError if a layer has both include
    and exclude rules.
    """
    result = messages.NetParameter()
    result.CopyFrom(net)
    del result.layer[:]
    kept = []
    for layer, line in zip(net.layer, lines):
        if layer.include and layer.exclude:
            raise InputError(f"Layer `{layer.name}` has both `include` and `exclude` rules; give only the one kind.")
        if _is_included(net.state, layer, report):
            result.layer.add().CopyFrom(layer)
            kept.append(line)
    return result, kept


def stages(net) -> list[str]:
    """All stages that the rules of a net's layers name, sorted."""
    rules = [rule for layer in net.layer for rule in (*layer.include, *layer.exclude)]
    return sorted({stage for rule in rules for stage in (*rule.stage, *rule.not_stage)})


def states_with(net, blob: str) -> str:
    """The states in which a layer of the net has the top `blob`, by the layers' `include` rules: "phase TRAIN; phase
    TEST, stage test-on-test". Empty where no such rule is.
    """
    rules = [rule for layer in net.layer if blob in layer.top for rule in layer.include]
    return "; ".join(dict.fromkeys(", ".join(_demands(rule)) or "any" for rule in rules))


def _demands(rule) -> list[str]:
    said = [f"phase {messages.Phase.Name(rule.phase)}"] if rule.HasField("phase") else []
    said += [f"level {rule.min_level} or more"] if rule.HasField("min_level") else []
    said += [f"level {rule.max_level} or less"] if rule.HasField("max_level") else []
    return said + [f"stage {stage}" for stage in rule.stage] + [f"no stage {stage}" for stage in rule.not_stage]


def has_levels(net) -> bool:
    """Whether a rule of one of the net's layers asks for a level."""
    return any(rule.HasField("min_level") or rule.HasField("max_level")
               for layer in net.layer for rule in (*layer.include, *layer.exclude))


def _is_included(state, layer, report: Report) -> bool:
    if layer.include:
        return any(_meets(state, rule, layer.name, report) for rule in layer.include)
    return not any(_meets(state, rule, layer.name, report) for rule in layer.exclude)


def _meets(state, rule, name: str, report: Report) -> bool:
    broken = next(_broken(state, rule, name), None)
    if broken is not None:
        report(*broken)
    return broken is None


def _broken(state, rule, name: str):
    """Yield the parts of `rule` that `state` does not meet, as Caffe's log puts them: its source line, its message."""
    tail = f"specified by a rule in layer {name}"
    if rule.HasField("phase") and rule.phase != state.phase:
        yield "net.cpp:296", f"The NetState phase ({state.phase}) differed from the phase ({rule.phase}) {tail}"
    if rule.HasField("min_level") and state.level < rule.min_level:
        yield "net.cpp:306", f"The NetState level ({state.level}) is above the min_level ({rule.min_level}) {tail}"
    if rule.HasField("max_level") and state.level > rule.max_level:
        yield "net.cpp:316", f"The NetState level ({state.level}) is above the max_level ({rule.max_level}) {tail}"
    for stage in rule.stage:
        if stage not in state.stage:
            yield "net.cpp:332", f"The NetState did not contain stage '{stage}' {tail}"
    for stage in rule.not_stage:
        if stage in state.stage:
            yield "net.cpp:347", f"The NetState contained a not_stage '{stage}' {tail}"
