"""The tests of a solver (TestAll and Test of src/caffe/solver.cpp)."""

from __future__ import annotations

import torch

from ...errors import InputError
from ...spelling import in_brackets
from .. import log
from . import average_precision, data_position
from .average_precision import AveragePrecisions


def test_all(solver) -> None:
    """Run every test net of `solver` for its test_iter batches and display the means of its outputs.

    A request to stop ends it; the test nets' data then stand where they did, for the whole test is run again on
    resuming.
    """
    go_back = data_position.mark(solver.test_nets)
    for number in range(len(solver.test_nets)):
        if not solver.stopping:
            test(solver, number)
    if solver.stopping:
        go_back()


def check(param, name: str) -> None:
    """Raises InputError if the parameters of the solver `name` want test nets judged in a way that is none."""
    if param.eval_type not in _SCORES:
        raise InputError(f"{name}: the solver's `eval_type` is `{param.eval_type}`"
                         f"{in_brackets(param.eval_type, _SCORES)}; it is one of {', '.join(_SCORES)}.")
    if param.eval_type == "detection":
        average_precision.check(param, name)


def test(solver, number: int) -> None:
    """Run test net `number`."""
    log.info("solver.cpp:347", f"Iteration {solver.iter}, Testing net (#{number})")
    net, batches = solver.test_nets[number], solver.param.test_iter[number]
    net.share_trained_layers_with(solver.net)
    loss = 0.0
    scores = _SCORES[solver.param.eval_type](solver.param)
    for _ in range(batches):
        _heed_requests(solver)
        if solver.stopping:
            log.info("solver.cpp:396", "Test interrupted.")
            return
        batch_loss = net.forward()
        loss += batch_loss if solver.param.test_compute_loss else 0.0
        scores.add(net.outputs)
    if solver.param.test_compute_loss:
        log.info("solver.cpp:401", f"Test loss: {log.number(loss / batches)}")
    scores.tell()


class Means:
    """The mean of each value of the outputs (Solver::Test; SSD's fork calls it TestClassification)."""

    def __init__(self, param):
        self._sums: torch.Tensor | None = None
        self._owners: list[tuple[str, float]] = []      # of each value, its output's name and loss weight
        self._batches = 0

    def add(self, outputs) -> None:
        """Take the outputs of a batch."""
        self._batches += 1
        values = _values_of(outputs)
        if self._sums is None:
            self._sums = values
            self._owners = [(name, weight) for name, blob, weight in outputs for _ in range(blob.count)]
        else:
            # Caffe counts the values of all outputs through, also where an output has changed its size meanwhile, and
            # beyond the first batch's number writes behind its memory.
            count = min(len(self._sums), len(values))
            self._sums[:count] += values[:count]

    def tell(self) -> None:
        """Log them."""
        means = [] if self._sums is None else (self._sums / self._batches).tolist()
        for index, (value, (name, weight)) in enumerate(zip(means, self._owners)):
            log.info("solver.cpp:414", f"    Test net output #{index}: {name} = {scored(value, weight)}")


_SCORES: dict[str, type[Means] | type[AveragePrecisions]] = {"classification": Means, "detection": AveragePrecisions}


def _values_of(outputs) -> torch.Tensor:
    """All values of the outputs, one after the other, in memory of their own; none if there are no outputs."""
    return torch.cat([blob.data.reshape(-1) for _, blob, _ in outputs]) if outputs else torch.empty(0)


def _heed_requests(solver) -> None:
    request = solver.next_request()
    while request is not None:
        if request == "snapshot":
            solver.snapshot()
        solver.stopping = solver.stopping or request == "stop"
        request = solver.next_request()


def scored(value: float, weight: float) -> str:
    """An output's value as the log shows it, with its part of the loss if it has one."""
    if not weight:
        return log.number(value)
    return f"{log.number(value)} (* {log.number(weight)} = {log.number(weight * value)} loss)"
