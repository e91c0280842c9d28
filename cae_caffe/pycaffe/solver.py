"""pycaffe's solvers over the engine's."""

from __future__ import annotations

from typing import Callable

from .. import schema
from ..engine.solvers import Solver as EngineSolver
from ..errors import InputError
from .net import Net


class Solver:
    """A solver built from a prototxt; make one with `get_solver`, or with the class of its type.

    `net` is the train net, `test_nets` the list of test nets, `iter` the number of updates made, `lr` the rate of the
    next one. Raises InputError (a RuntimeError) if a file cannot be read or a net cannot be built.
    """

    def __init__(self, solver_file):
        param = schema.read_solver(solver_file)
        self._require_type(param.type, solver_file)
        self._engine = EngineSolver(param, str(solver_file))
        self.net = Net.of(self._engine.net)
        self.test_nets = [Net.of(net) for net in self._engine.test_nets]

    def _require_type(self, solver_type: str, solver_file) -> None:
        """`get_solver` takes any type; the classes below only their own."""

    @property
    def iter(self) -> int:
        return self._engine.iter

    @property
    def lr(self) -> float:
        return self._engine.learning_rate

    @property
    def param(self):
        """The SolverParameter, with `max_iter`, `display`, `base_lr`, ..."""
        return self._engine.message

    def step(self, iterations: int) -> None:
        """Train for so many iterations, with the tests, displays and snapshots that fall due."""
        self._engine.step(iterations)

    def solve(self, resume_file=None) -> None:
        """Train to max_iter, from a .solverstate if given; snapshot, and test and display a last time."""
        self._engine.solve(resume_file)

    def restore(self, path) -> None:
        """Go on from a .solverstate."""
        self._engine.restore(str(path))

    def snapshot(self) -> None:
        """Write the .caffemodel and the .solverstate of this iteration."""
        self._engine.snapshot()

    def apply_update(self) -> None:
        """Update the parameters from their gradients and count the iteration."""
        self._engine.apply_update()

    def share_weights(self, net: Net) -> None:
        """Let `net` use the train net's parameters."""
        net._engine.share_trained_layers_with(self._engine.net)

    def add_callback(self, on_start: Callable[[], None], on_gradients_ready: Callable[[], None]) -> None:
        """Call the one before each iteration's gradients are computed, the other when they are."""
        self._engine.callbacks.append((on_start, on_gradients_ready))


class SGDSolver(Solver):
    """A solver whose prototxt says `type: "SGD"`."""

    def _require_type(self, solver_type, solver_file):
        if solver_type != "SGD":
            raise InputError(f"{solver_file} is of type `{solver_type}`; make it with get_solver.")


def get_solver(solver_file) -> Solver:
    """The solver of a prototxt, of the type it says."""
    return Solver(solver_file)
