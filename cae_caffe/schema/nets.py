"""Nets, solvers and weights, read and upgraded as Caffe reads and upgrades them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Optional

from ..errors import InputError
from . import messages
from .forks import dialects
from .storage import parse_text, read_binary, read_source, read_text
from .text import parse
from .upgrade import fill_snapshot_prefix, restore_four_axes, upgrade_net, upgrade_solver
from .upgrade.v0 import is_padding, needs_v0_upgrade

Lines = list[Optional[int]]


def parse_net(text: str, name: str = "<string>") -> messages.NetParameter:
    """Return the net that `text` describes, upgraded to today's form; `name` stands for the file in errors."""
    return _upgraded(parse_text(text, messages.NetParameter, name), name, dialects.named(text, name))


def read_net(path: str | os.PathLike, upgrade: bool = True) -> messages.NetParameter:
    """Return the net in the text file at `path`, upgraded to today's form (or just as it stands)."""
    if upgrade:
        return parse_net(read_source(path), str(path))
    return read_text(path, messages.NetParameter)


def read_net_with_lines(path: str | os.PathLike) -> tuple[messages.NetParameter, Lines]:
    """Return the upgraded net in the text file at `path`, and the line that each of its layers comes from.

    An Input layer made from `input` fields has the line of the first of them. The net is one to run: the inner
    products of older forms have four axes where they need them (`restore_four_axes`).
    """
    text = read_source(path)
    net, top = parse(text, messages.NetParameter, str(path))
    lines: Lines = list(_lines_of(top, ("layers",) if net.layers else ("layer",)))
    if needs_v0_upgrade(net):
        lines = [line for line, layer in zip(lines, net.layers) if not is_padding(layer)]
    is_older = len(net.layers) > 0
    upgrade_net(net, str(path), dialects.named(text, str(path)))
    if is_older:
        restore_four_axes(net)
    if len(net.layer) > len(lines):  # an Input layer was put first
        lines[:0] = _lines_of(top, ("input",))[:1]
    return net, lines


def layer_lines(text: str) -> list[int]:
    """Return the line, from 1, of each `layer` and `layers` block of a net's text, in their order."""
    return _lines_of(parse(text, messages.NetParameter)[1], ("layer", "layers"))


def read_weights(path: str | os.PathLike) -> messages.NetParameter:
    """Return the net with weights in the .caffemodel file at `path`, upgraded to today's form.

    Raises InputError if the file cannot be read, is cut off, damaged or something else, or has no layers.
    """
    net = read_binary(path, messages.NetParameter)
    if not net.layer and not net.layers:
        raise InputError(f"{path}: the file holds no layers, so it has no weights; a .caffemodel is needed.")
    return _upgraded(net, str(path))


def parse_solver(text: str, name: str = "<string>") -> messages.SolverParameter:
    """Return the solver that `text` describes, `solver_type` turned into `type`."""
    solver = parse_text(text, messages.SolverParameter, name)
    upgrade_solver(solver, name)
    return solver


def read_solver(path: str | os.PathLike, upgrade: bool = True) -> messages.SolverParameter:
    """Return the solver in the text file at `path`, upgraded (or just as it stands).

    Upgraded as in `caffe train`: `solver_type` becomes `type`, and `snapshot_prefix` is completed from `path` where
    it is missing or is a folder.
    """
    solver = read_text(path, messages.SolverParameter)
    if upgrade:
        upgrade_solver(solver, str(path))
        fill_snapshot_prefix(solver, path)
    return solver


def _upgraded(net: messages.NetParameter, name: str, fork: str | None = None) -> messages.NetParameter:
    upgrade_net(net, name, fork)
    return net


def _lines_of(top: Iterable, names: tuple[str, ...]) -> list[int]:
    return [field.line for field in top if field.name in names]
