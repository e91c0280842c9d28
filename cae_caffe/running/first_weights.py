"""The trained weights that a run starts from, against the net that is to take them."""

from __future__ import annotations

from typing import Any

from .. import glog
from ..analysis.stored_weights import shapes_in
from ..backend_protocol import Solver


def warn_of_weights(solver: Solver, param: Any) -> None:
    """Log a warning for each file of `param.weights`, of a SolverParameter, that fits no layer of the train net.

    Caffe passes over layers that only one of them has, and trains from the fillers without a word.
    """
    learnt = list(solver.net.params)
    for path in (name.strip() for names in param.weights for name in names.split(",") if learnt):
        stored = shapes_in(path)
        if not any(name in stored for name in learnt):
            glog.warning("solver.cpp:72", f"{path}: none of these weights is for a layer of the train net, which stays "
                                          f"as it is; they are for the layers {', '.join(stored) or '(none)'}.")
