"""pycaffe's solvers over the engine's."""

from __future__ import annotations

from typing import Callable, ClassVar

from .. import schema
from ..engine import log
from ..engine.solvers import Solver as EngineSolver
from ..errors import InputError
from .net import Net
from .solver_parameter import SolverParameter


class Solver:
    """A solver built from a prototxt; make one with `get_solver`, or with the class of an update rule.

    `net` is the train net, `test_nets` the list of test nets, `iter` the number of updates made, `lr` the rate of the
    next one. Raises InputError (a RuntimeError) if a file cannot be read or a net cannot be built.
    """

    solver_type: ClassVar[str]

    def __init__(self, solver_file):
        param = schema.read_solver(solver_file)
        if param.type != self.solver_type:          # as in Caffe, the class decides
            log.warning("solver.py", f"{solver_file} says type: \"{param.type}\", but {type(self).__name__} trains "
                                     f"with {self.solver_type}; get_solver takes the file's type.")
            param.type = self.solver_type
        self._engine = EngineSolver(param, str(solver_file))
        self.net = Net.of(self._engine.net)
        self.test_nets = [Net.of(net) for net in self._engine.test_nets]

    @property
    def iter(self) -> int:
        return self._engine.iter

    @property
    def lr(self) -> float:
        return self._engine.learning_rate

    @property
    def param(self) -> SolverParameter:
        """The SolverParameter, with `max_iter`, `display`, ...; `base_lr` can be set."""
        return SolverParameter(self._engine)

    def step(self, iterations: int) -> None:
        """Train for so many iterations, with the tests, displays and snapshots that fall due."""
        self._engine.step(iterations)
        self.net.show_changes()

    def solve(self, resume_file=None) -> None:
        """Train to max_iter, from a .solverstate if given; snapshot, and test and display a last time."""
        self._engine.solve(resume_file)
        self.net.show_changes()

    def restore(self, path) -> None:
        """Go on from a .solverstate."""
        self._engine.restore(str(path))

    def restore_data_position(self, path) -> bool:
        """After `restore`: go on in the data and the random numbers, too, where the snapshot was made, as Caffe cannot.

        Returns whether that is known: this engine's snapshots keep it beside them. Raises InputError if the data
        changed.
        """
        return self._engine.restore_data_position(str(path))

    def snapshot(self) -> None:
        """Write the .caffemodel and the .solverstate of this iteration."""
        self._engine.snapshot()

    def apply_update(self) -> None:
        """Update the parameters from their gradients and count the iteration."""
        self._engine.apply_update()
        self.net.show_changes()

    def share_weights(self, net: Net) -> None:
        """Let `net` use the train net's parameters."""
        net._engine.share_trained_layers_with(self._engine.net)

    def set_action_function(self, next_request: Callable[[], str | None]) -> None:
        """Call `next_request` after each update and between a test's batches, as Caffe's tool asks for signals.

        It returns "snapshot" or "stop", once for each request, else None. pycaffe lacks this.
        """
        self._engine.next_request = next_request

    def add_callback(self, on_start: Callable[[], None], on_gradients_ready: Callable[[], None]) -> None:
        """Call the one before each iteration's gradients are computed, the other when they are."""
        self._engine.callbacks.append((on_start, on_gradients_ready))


class SGDSolver(Solver):
    """Stochastic gradient descent with momentum."""

    solver_type = "SGD"


class NesterovSolver(SGDSolver):
    """Nesterov's accelerated gradient."""

    solver_type = "Nesterov"


class AdaGradSolver(SGDSolver):
    """AdaGrad."""

    solver_type = "AdaGrad"


class RMSPropSolver(SGDSolver):
    """RMSProp."""

    solver_type = "RMSProp"


class AdaDeltaSolver(SGDSolver):
    """AdaDelta."""

    solver_type = "AdaDelta"


class AdamSolver(SGDSolver):
    """Adam."""

    solver_type = "Adam"


_CLASSES = (SGDSolver, NesterovSolver, AdaGradSolver, RMSPropSolver, AdaDeltaSolver, AdamSolver)


def get_solver(solver_file) -> Solver:
    """The solver of a prototxt, of the class for the type it says.

    Raises InputError if the file cannot be read, its type is not one of Caffe's, or a net cannot be built.
    """
    solver_type = schema.read_solver(solver_file).type
    for solver_class in _CLASSES:
        if solver_class.solver_type == solver_type:
            return solver_class(solver_file)
    raise InputError(f"{solver_file}: the solver's type is `{solver_type}`; it must be one of "
                     f"{', '.join(solver_class.solver_type for solver_class in _CLASSES)}.")
