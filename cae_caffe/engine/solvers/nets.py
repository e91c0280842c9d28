"""The nets that a solver names: its train net and its test nets (Solver::InitTrainNet, InitTestNets)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable

from ... import schema
from ...errors import InputError
from .. import log
from ..net import Net

# From a path to the upgraded NetParameter in the file there, and the line of each of its layers.
ReadNet = Callable[[str], tuple[Any, list[int | None]]]

# The fields that can name a train net, and where Caffe logs that they do.
_TRAIN_FIELDS = {"net": "solver.cpp:102", "net_param": "solver.cpp:97", "train_net": "solver.cpp:92",
                 "train_net_param": "solver.cpp:88"}


@dataclass
class Source:
    """A net's definition, where it stands, and how Caffe's log calls it."""

    param: Any          # a NetParameter of its own
    name: str
    lines: list[int | None] | None
    description: str

    def build(self, phase: int, state, native_kernels: bool) -> Net:
        """The net in `phase`, with what the net's own definition and then the solver's `state` say of it."""
        merged = schema.NetState(phase=phase)
        merged.MergeFrom(self.param.state)
        if state is not None:
            merged.MergeFrom(state)
        self.param.state.CopyFrom(merged)
        return Net(self.param, self.name, self.lines, native_kernels)

    def require_layers(self, net: Net) -> None:
        """Raises InputError if no layer is in the phase, level and stages of `net`; Caffe ends at its first pass."""
        if not net.layers:
            raise InputError(f"{self.name}: the net has no layers in phase {net.phase}, and Caffe runs none without; "
                             "correct the `include` and `exclude` rules of its layers.")


def _from_file(path: str, description: str, read_net: ReadNet) -> Source:
    param, lines = read_net(path)
    return Source(param, path, lines, description)


def _from_message(message, field: str, name: str, description: str) -> Source:
    param = schema.NetParameter()
    param.CopyFrom(message)
    return Source(param, f"{name}, {field}", None, description)


def train_source(solver, name: str, read_net: ReadNet = schema.read_net_with_lines) -> Source:
    """The definition of the train net of `solver`, a SolverParameter read from `name`; says so in the log.

    Raises InputError unless exactly one of its four fields for it is given.
    """
    given = [field for field in _TRAIN_FIELDS if solver.HasField(field)]
    if len(given) != 1:
        raise InputError(f"{name}: the solver gives {', '.join(f'`{g}`' for g in given) or 'no train net'}; give "
                         f"exactly one of {', '.join(f'`{f}`' for f in _TRAIN_FIELDS)}.")
    field = given[0]
    if field.endswith("param"):
        log.info(_TRAIN_FIELDS[field], f"Creating training net specified in {field}.")
        return _from_message(getattr(solver, field), field, name, field)
    log.info(_TRAIN_FIELDS[field], f"Creating training net from {field} file: {getattr(solver, field)}")
    return _from_file(getattr(solver, field), f"{field} file: {getattr(solver, field)}", read_net)


def test_sources(solver, name: str, read_net: ReadNet = schema.read_net_with_lines) -> list[Source]:
    """The definitions of the test nets: test_net_param, then test_net, then the generic net for each test_iter left.

    Raises InputError if the numbers of test nets, `test_iter` and `test_state` do not go together.
    """
    sources = [_from_message(message, f"test_net_param {i}", name, "test_net_param")
               for i, message in enumerate(solver.test_net_param)]
    sources += [_from_file(path, f"test_net file: {path}", read_net) for path in solver.test_net]
    generic = solver.HasField("net") or solver.HasField("net_param")
    left = len(solver.test_iter) - len(sources)
    if left < 0 or (left and not generic):
        raise InputError(f"{name}: the solver gives `test_iter` {len(solver.test_iter)} times for {len(sources)} test "
                         "nets; give it once for each" + (", and more for tests on `net` itself." if generic else "."))
    for _ in range(left):
        sources.append(_from_file(solver.net, f"net file: {solver.net}", read_net) if solver.HasField("net")
                       else _from_message(solver.net_param, "net_param", name, "net_param"))
    if solver.test_state and len(solver.test_state) != len(sources):
        raise InputError(f"{name}: the solver gives `test_state` {len(solver.test_state)} times for {len(sources)} "
                         "test nets; give it once for each, or not at all.")
    if sources and solver.test_interval <= 0:
        raise InputError(f"{name}: the solver has test nets and a `test_interval` of {solver.test_interval}; it must "
                         "be above 0.")
    return sources
