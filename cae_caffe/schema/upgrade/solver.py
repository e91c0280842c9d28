"""Solver files: `solver_type`, an enum, became `type`; `snapshot_prefix` is completed from the file's path."""

from __future__ import annotations

import os

from ...errors import InputError

_TYPES = {
    "SGD": "SGD",
    "NESTEROV": "Nesterov",
    "ADAGRAD": "AdaGrad",
    "RMSPROP": "RMSProp",
    "ADADELTA": "AdaDelta",
    "ADAM": "Adam",
}


def upgrade_solver(solver, name: str = "<solver>") -> bool:
    """Turn `solver_type` of `solver` (SolverParameter) into `type`, in place; return True, for nothing can be lost.

    Raises InputError, with `name` for the file, if both are given. Source: Caffe's UpgradeSolverAsNeeded.
    """
    if not solver.HasField("solver_type"):
        return True
    if solver.HasField("type"):
        raise InputError(f"{name}: both `solver_type` and `type` are given; leave out `solver_type`, the older name.")
    solver.type = _TYPES[solver.SolverType.Name(solver.solver_type)]
    solver.ClearField("solver_type")
    return True


def fill_snapshot_prefix(solver, path: str | os.PathLike) -> None:
    """Complete `snapshot_prefix` from `path`, the solver's file: its path without suffix, or a folder plus its name.

    Source: Caffe's UpgradeSnapshotPrefixProperty.
    """
    stem = os.path.splitext(os.fspath(path))[0]
    if not solver.HasField("snapshot_prefix"):
        solver.snapshot_prefix = stem
    elif os.path.isdir(solver.snapshot_prefix):
        solver.snapshot_prefix = os.path.join(solver.snapshot_prefix, os.path.basename(stem))
