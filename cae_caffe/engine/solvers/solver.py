"""The solver: trains a net, tests, displays and takes snapshots in Caffe's order (src/caffe/solver.cpp)."""

from __future__ import annotations

import time
from collections import deque
from typing import Callable

import numpy as np

from ... import schema
from ...errors import InputError
from ...snapshots import Keeper
from .. import log, out_of_memory, rng, threads
from ..captured import CapturedStep, recorder
from . import data_position, finite, learning_rate, nets, snapshot, testing, update
from .plateau import POLICY as PLATEAU
from .plateau import Plateau


class Solver:
    """A solver built from `param`, a current SolverParameter; `name` says in messages where it stands, and `read_net`
    reads the nets that it names, from a path to a message, which the solver may change, and its layers' lines.

    Callbacks come in pairs, called before each iteration's gradients are computed and when they are; one that raises
    ends the run there. Raises InputError for whatever Caffe refuses and for what this engine does not have.
    """

    def __init__(self, param, name: str = "the solver", native_kernels: bool = False,
                 read_net: nets.ReadNet = schema.read_net_with_lines):
        self.message, self.param = param, schema.view(param)
        self.name = name
        rule = update.find(param.type, name)
        _check(self.param, name)
        if log.enabled():
            text = schema.format_text(param).rstrip("\n")
            log.info("solver.cpp:45", "Initializing solver from parameters: ", text)
        if param.random_seed >= 0:
            rng.set_random_seed(param.random_seed)
        self._build_nets(native_kernels, read_net)
        self.fed_by = self.net          # whose data layers feed it: another run's if it is trained together with that
        with out_of_memory.named(f"{name}: the gradients and the solver's history", self.net.device):
            self.rule = rule(self.net, self.param)
        threads.apply(self.net)
        self.iter = 0
        self.current_step = 0
        self.plateau = Plateau() if self.param.lr_policy == PLATEAU else None
        self._captured: CapturedStep | None = None
        self.callbacks: list[tuple[Callable[[], object], Callable[[], object]]] = []
        # Says what the user asks for at the moment, "stop" or "snapshot", if anything: after each update, and between
        # the batches of a test (Solver::GetRequestedAction).
        self.next_request: Callable[[], str | None] = lambda: None
        self.stopping = False
        self.keeper: Keeper | None = None       # what removes old snapshots behind each new one
        self._displayed_at = 0
        self.watch = finite.Watch(self)
        # Of the last iterations, as many as `average_loss` says: the loss displayed is their mean.
        self._losses: deque[float] = deque(maxlen=self.param.average_loss)
        self._clock = time.monotonic()
        log.info("solver.cpp:57", "Solver scaffolding done.")

    @classmethod
    def from_file(cls, path: str, native_kernels: bool = False) -> Solver:
        """Build the solver of a prototxt. Raises InputError if it, or its nets, cannot be read or built."""
        return cls(schema.read_solver(path), str(path), native_kernels)

    def _build_nets(self, native_kernels: bool, read_net: nets.ReadNet) -> None:
        param = self.message
        source = nets.train_source(param, self.name, read_net)
        self.net = source.build(schema.TRAIN, param.train_state, native_kernels)
        source.require_layers(self.net)
        self._load_weights(self.net)
        self.test_nets = []
        for i, source in enumerate(nets.test_sources(param, self.name, read_net)):
            log.info("solver.cpp:190", f"Creating test net (#{i}) specified by {source.description}")
            state = param.test_state[i] if param.test_state else None
            net = source.build(schema.TEST, state, native_kernels)
            source.require_layers(net)
            net.debug_info = param.debug_info
            self._load_weights(net)
            self.test_nets.append(net)

    def _load_weights(self, net) -> None:
        for names in self.param.weights:
            for name in names.split(","):
                log.info("solver.cpp:72", f"Finetuning from {name.strip()}")
                net.copy_trained_layers_from(name.strip())

    @property
    def learning_rate(self) -> float:
        """The rate of the next update."""
        self.current_step = learning_rate.step_at(self.param, self.iter, self.current_step)
        return learning_rate.rate(self.param, self.iter, self.current_step)

    def step(self, iterations: int) -> None:
        """Train for so many iterations, with the tests, displays and snapshots that fall due."""
        self.begin_run()
        for _ in range(iterations):
            self.begin_iteration()
            if not self.stopping:       # asked for during a test
                self.end_iteration(self._accumulate_gradients(self.wants_loss))
            if self.stopping:
                break

    def begin_run(self) -> None:
        """What comes before a row of iterations."""
        self._losses.clear()
        self._clock = time.monotonic()

    def begin_iteration(self) -> None:
        """What comes before the gradients of an iteration: a test that is due, and the callbacks."""
        self.net.clear_param_diffs()
        if self._due(self.param.test_interval) and (self.iter > 0 or self.param.test_initialization):
            self.test_all()
            if self.stopping:
                return
        for on_start, _ in self.callbacks:
            on_start()
        self.net.debug_info = self.displays and self.param.debug_info

    @property
    def displays(self) -> bool:
        """Whether this iteration's losses are displayed."""
        return self._due(self.param.display)

    @property
    def wants_loss(self) -> bool:
        """Whether this iteration's loss is asked for: it is displayed, or averaged with others to be displayed, or the
        learning rate depends on it.
        """
        return self.displays or self.param.average_loss > 1 or self.plateau is not None

    def end_iteration(self, loss: float | None) -> None:
        """What follows the gradients of an iteration: display, update, snapshot. `loss` is None if not wanted."""
        self.watch.gradients_are_there(loss)
        if loss is not None:
            self._losses.append(loss)
        if self.displays:
            self._display()
        for _, on_gradients_ready in self.callbacks:
            on_gradients_ready()
        self.apply_update()
        request = self.next_request()
        if self._due(self.param.snapshot) or request == "snapshot":
            self.snapshot()
        self.stopping = request == "stop"

    def _due(self, interval: int) -> bool:
        return bool(interval) and self.iter % interval == 0

    def _accumulate_gradients(self, wanted: bool) -> float | None:
        total = np.float32(0)
        for _ in range(self.param.iter_size):
            self._pass()
            if wanted:
                total += np.float32(self.net.loss())
        return float(total / np.float32(self.param.iter_size)) if wanted else None

    def _pass(self) -> None:
        """One forward and backward pass of the train net, replayed as a whole where it can be."""
        record = recorder(self.net)
        if record is None:
            self.net.forward_backward()
            return
        if self._captured is None:
            self._captured = CapturedStep(self.net, record)
        self._captured.run()

    @property
    def _smoothed_loss(self) -> float:
        return sum(self._losses) / len(self._losses)

    def _display(self) -> None:
        now = time.monotonic()
        lapse = round(now - self._clock, 3)          # Caffe's timer counts milliseconds
        rate = (self.iter - self._displayed_at) / (lapse or 1)
        log.info("solver.cpp:239", f"Iteration {self.iter} ({log.number(rate)} iter/s, {log.number(lapse)}s/"
                                   f"{self.param.display} iters), loss = {log.number(self._smoothed_loss)}")
        self._clock, self._displayed_at = now, self.iter
        number = 0
        for name, blob, weight in self.net.outputs:
            for value in blob.data.reshape(-1).tolist():
                log.info("solver.cpp:258", f"    Train net output #{number}: {name} = {testing.scored(value, weight)}")
                number += 1

    def apply_update(self) -> None:
        """Update the parameters from their gradients and count the iteration (SGDSolver::ApplyUpdate)."""
        if self.plateau:
            loss = self._smoothed_loss if self._losses else self.net.loss()     # none where a user runs the passes
            self.current_step = self.plateau.step_at(self.param, self.iter, self.current_step, loss)
        rate = self.learning_rate
        if self._due(self.param.display):
            log.info("sgd_solver.cpp:112", f"Iteration {self.iter}, lr = {log.number(rate)}")
        self.rule.apply(rate, self.iter)
        self.iter += 1

    def solve(self, resume_file: str | None = None) -> None:
        """Train to max_iter, from a .solverstate if given; snapshot, and test and display a last time.

        A request to stop ends it with the snapshot.
        """
        self.begin_solve(resume_file)
        self.step(self.param.max_iter - self.iter)
        self.end_solve()

    def begin_solve(self, resume_file: str | None = None) -> None:
        """What `solve` does before it trains."""
        log.info("solver.cpp:289", f"Solving {self.net.name}")
        log.info("solver.cpp:290", f"Learning Rate Policy: {self.param.lr_policy}")
        self.stopping = False
        if resume_file:
            log.info("solver.cpp:296", f"Restoring previous solver status from {resume_file}")
            self.restore(resume_file)

    def end_solve(self) -> None:
        """What `solve` does when it has trained: a snapshot, and the last display and test."""
        if self.param.snapshot_after_train and not self._due(self.param.snapshot):
            self.snapshot()
        if self.stopping:
            log.info("solver.cpp:311", "Optimization stopped early.")
            return
        if self._due(self.param.display):
            self._losses.append(self.net.forward())
            log.info("solver.cpp:327", f"Iteration {self.iter}, loss = {log.number(self._smoothed_loss)}")
        if self._due(self.param.test_interval):
            self.test_all()
        log.info("solver.cpp:332", "Optimization Done.")

    def test_all(self) -> None:
        """Run every test net for its test_iter batches and display the means of its outputs, or, with SSD's
        `eval_type: "detection"`, average precisions.
        """
        testing.test_all(self)

    def snapshot(self) -> None:
        """Write the .caffemodel and the .solverstate of this iteration."""
        self.watch.snapshot_follows()
        snapshot.write(self)
        self.watch.snapshot_is(f"{self.param.snapshot_prefix}_iter_{self.iter}")

    def restore(self, path: str) -> None:
        """Go on from a .solverstate; what comes next is what Caffe would do (its HDF5 data starts at the first row)."""
        snapshot.restore(self, path)
        self.watch.snapshot_is(path)

    def restore_data_position(self, path: str) -> bool:
        """Go on in the data and random numbers, too, where the .solverstate `path` was made; False if none tells."""
        return data_position.restore(self, path)


def _check(param, name: str) -> None:
    if param.average_loss < 1:
        raise InputError(f"{name}: the solver's average_loss is {param.average_loss}; it must be at least 1.")
    learning_rate.check(param, name)
    testing.check(param, name)
    update.check(param, name)
    snapshot.check_prefix(param, name)
