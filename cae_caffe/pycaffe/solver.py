"""pycaffe's solvers over the engine's."""

# ruff: noqa: SLF001 -- the surface works on the engine's objects behind it

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Callable, ClassVar, TextIO

from .. import schema
from ..engine import log
from ..engine.solvers import Solver as EngineSolver
from ..engine.solvers.finite import Watch
from ..engine.solvers.together import Together
from ..snapshots import Keeper
from .net import Net


class SolverParameter:
    """The parameters of a running solver, as `solver.param` shows them.

    Reads as Caffe's SolverParameter (`max_iter`, `display`, `momentum`, ...); `base_lr` alone can be set.
    """

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


class Solver:
    """A solver built from a prototxt; make one with `get_solver`, or with the class of an update rule.

    `net` is the train net, `test_nets` the list of test nets, `iter` the number of updates made, `lr` the rate of the
    next one. Raises InputError (a RuntimeError) if a file cannot be read or a net cannot be built.
    """

    solver_type: ClassVar[str]

    def __init__(self, solver_file):
        path = os.fsdecode(solver_file)
        param = schema.read_solver(path)
        if param.type != self.solver_type:          # as in Caffe, the class decides
            log.warning("solver.py", f"{path} says type: \"{param.type}\", but {type(self).__name__} trains "
                                     f"with {self.solver_type}; get_solver takes the file's type.")
            param.type = self.solver_type
        self._show(EngineSolver(param, path))

    @classmethod
    def of(cls, engine: EngineSolver) -> Solver:
        """The surface over a solver that exists already."""
        solver = cls.__new__(cls)
        solver._show(engine)
        return solver

    def _show(self, engine: EngineSolver) -> None:
        self._engine = engine
        self.net = Net.of(engine.net)
        self.test_nets = [Net.of(net) for net in engine.test_nets]

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
        self._engine.solve(None if resume_file is None else os.fsdecode(resume_file))
        self.net.show_changes()

    def restore(self, path) -> None:
        """Go on from a .solverstate."""
        self._engine.restore(os.fsdecode(path))

    def restore_data_position(self, path) -> bool:
        """After `restore`: go on in the data and the random numbers, too, where the snapshot was made, as Caffe cannot.

        Returns whether that is known: this engine's snapshots keep it beside them. Raises InputError if the data
        changed.
        """
        return self._engine.restore_data_position(os.fsdecode(path))

    def snapshot(self) -> None:
        """Write the .caffemodel and the .solverstate of this iteration."""
        self._engine.snapshot()

    def keep_snapshots(self, count: int) -> None:
        """Let each snapshot remove all but the `count` newest whole ones of its prefix. pycaffe lacks this."""
        self._engine.keeper = Keeper(self._engine.param.snapshot_prefix, count)

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

    def watch_for_nan(self, effect: str) -> None:
        """Look for NaN and infinity in loss, gradients and weights from now on; pycaffe lacks this.

        At the first, `warn` logs a line with the layer where it arose, `stop` raises RunError; `go` looks no more.
        Raises InputError for another effect.
        """
        self._engine.watch = Watch(self._engine, effect)

    def add_callback(self, on_start: Callable[[], object], on_gradients_ready: Callable[[], object]) -> None:
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


_CLASSES = {solver_class.solver_type: solver_class for solver_class in (
    SGDSolver, NesterovSolver, AdaGradSolver, RMSPropSolver, AdaDeltaSolver, AdamSolver)}


def get_solver(solver_file) -> Solver:
    """The solver of a prototxt, of the class for the type it says; a `Solver` if the type is none of Caffe's six.

    Raises InputError if the file cannot be read, the engine has no such type, or a net cannot be built.
    """
    path = os.fsdecode(solver_file)
    return solver_from_message(schema.read_solver(path), path)


def solver_from_message(param: Any, name: str, read_net: Callable = schema.read_net_with_lines) -> Solver:
    """As `get_solver`, of a SolverParameter; pycaffe lacks this.

    `name` is the file that errors speak of, and `read_net` reads the nets that the solver names: from a path to the
    upgraded NetParameter, which becomes the solver's, and the lines of its layers. `param` is not changed. Raises
    InputError as `get_solver` does.
    """
    own = schema.SolverParameter()
    own.CopyFrom(param)
    return _CLASSES.get(param.type, Solver).of(EngineSolver(own, name, read_net=read_net))


def solve_together(solvers: Sequence[Solver], logs: Sequence[TextIO] | None = None,
                   after_iteration: Callable[[], object] = lambda: None) -> None:
    """Train `solvers`, made from one prototxt but for random_seed and snapshot_prefix, to their max_iter.

    Each does what its own `solve` would, from the same initial weights and with the same gradients but for rounding;
    `logs` are text files for each run's log lines (standard error unless given). It pays on a GPU, which one small net
    leaves mostly idle; on a CPU, separate processes are faster. pycaffe lacks this. Raises InputError if the runs
    cannot be trained so.
    """
    Together([solver._engine for solver in solvers], logs, after_iteration).solve()
