"""Solvers of either engine, made of a message, with what only the embedded engine's can be asked for."""

from __future__ import annotations

import os
import tempfile
from typing import Any

from .. import python_layers, schema
from ..backend_protocol import Backend, Solver
from ..errors import InputError

ON_NAN = ("warn", "stop", "go")


class NetFiles:
    """Reads each net's file once, for checks and for solvers: from a path to a message of one's own and its lines."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Any, list[int | None]]] = {}

    def __call__(self, path: str) -> tuple[Any, list[int | None]]:
        if path not in self._known:
            self._known[path] = schema.read_net_with_lines(path)
        net, lines = self._known[path]
        own = schema.NetParameter()
        own.CopyFrom(net)
        return own, list(lines)


def make_solver(backend: Backend, param: Any, name: str, net_files: NetFiles) -> Solver:
    """The solver of `param`, a SolverParameter read from the file `name`.

    The embedded engine takes the message, and the nets as `net_files` has read them. Real pycaffe makes solvers of
    files alone, so it gets a temporary one.
    """
    if hasattr(backend, "solver_from_message"):
        return backend.solver_from_message(param, name, net_files)
    for path in filter(None, [param.net, param.train_net, *param.test_net]):
        net, lines = net_files(path)
        python_layers.check(net.layer, path, lines)
    for net in (param.net_param, param.train_net_param, *param.test_net_param):
        python_layers.check(net.layer, name, [None] * len(net.layer))
    with tempfile.TemporaryDirectory(prefix="cae-caffe-") as folder:
        path = os.path.join(folder, "solver.prototxt")
        schema.write_text(param, path)
        return backend.get_solver(path)


def keep_snapshots(solver: Solver, count: int) -> None:
    """Let each snapshot remove all but the `count` newest (0 removes none).

    Raises InputError if a count is given and the engine does not tell of its snapshots.
    """
    if not count:
        return
    if not hasattr(solver, "keep_snapshots"):
        raise InputError(f"--keep {count} is for the embedded engine alone (--backend torch).")
    solver.keep_snapshots(count)


def watch_for_nan(solver: Solver, effect: str) -> None:
    """Let `solver` look for NaN and infinity; `effect` is one of ON_NAN, or empty for the default.

    Raises InputError if an effect is given and the engine cannot look.
    """
    if hasattr(solver, "watch_for_nan"):
        solver.watch_for_nan(effect or ON_NAN[0])
    elif effect:
        raise InputError(f"--on-nan {effect}: only the embedded engine looks for NaN (--backend torch); leave it out "
                         "with real Caffe, and look at the loss in its log.")
