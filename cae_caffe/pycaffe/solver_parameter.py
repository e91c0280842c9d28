"""The parameters of a running solver, as `solver.param` shows them."""

from __future__ import annotations

from .. import schema
from ..engine.solvers import Solver as EngineSolver


class SolverParameter:
    """Reads as Caffe's SolverParameter (`max_iter`, `display`, `momentum`, ...); `base_lr` alone can be set."""

    def __init__(self, solver: EngineSolver):
        self.__dict__["_solver"] = solver

    def __getattr__(self, name: str):
        if name.startswith("_"):        # asked for by copy and pickle before there is a solver
            raise AttributeError(name)
        return getattr(self._solver.message, name)

    def __setattr__(self, name: str, value) -> None:
        if name != "base_lr":
            raise AttributeError(f"solver.param.{name} cannot be set once the solver is built, only base_lr can; set "
                                 "it in the solver's prototxt.")
        self._solver.message.base_lr = value
        self._solver.param = schema.view(self._solver.message)      # a view keeps what it has read

    def __repr__(self) -> str:
        return schema.format_text(self._solver.message)
