"""The tests of a solver (TestAll and Test of src/caffe/solver.cpp)."""

from __future__ import annotations

import torch

from .. import log
from . import data_position


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


def test(solver, number: int) -> None:
    """Run test net `number`."""
    log.info("solver.cpp:347", f"Iteration {solver.iter}, Testing net (#{number})")
    net, batches = solver.test_nets[number], solver.param.test_iter[number]
    net.share_trained_layers_with(solver.net)
    loss = 0.0
    scores: torch.Tensor | None = None
    owners: list[tuple[str, float]] = []        # of each score, its output's name and loss weight
    for _ in range(batches):
        _heed_requests(solver)
        if solver.stopping:
            log.info("solver.cpp:396", "Test interrupted.")
            return
        batch_loss = net.forward()
        loss += batch_loss if solver.param.test_compute_loss else 0.0
        values = _values_of(net.outputs)
        if scores is None:
            scores, owners = values, [(name, weight) for name, blob, weight in net.outputs for _ in range(blob.count)]
        else:
            # Caffe counts the values of all outputs through, also where an output has changed its size meanwhile, and
            # beyond the first batch's number writes behind its memory.
            count = min(len(scores), len(values))
            scores[:count] += values[:count]
    if solver.param.test_compute_loss:
        log.info("solver.cpp:401", f"Test loss: {log.number(loss / batches)}")
    means = [] if scores is None else (scores / batches).tolist()
    for index, (value, (name, weight)) in enumerate(zip(means, owners)):
        log.info("solver.cpp:414", f"    Test net output #{index}: {name} = {scored(value, weight)}")


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
