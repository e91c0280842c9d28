"""The tests of a solver (TestAll and Test of src/caffe/solver.cpp)."""

from __future__ import annotations

import torch

from .. import log, torch_private
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
    loss, scores = 0.0, None
    for _ in range(batches):
        _heed_requests(solver)
        if solver.stopping:
            log.info("solver.cpp:396", "Test interrupted.")
            return
        batch_loss = net.forward()
        loss += batch_loss if solver.param.test_compute_loss else 0.0
        results = [blob.data.reshape(-1) for _, blob, _ in net.outputs]
        if scores is None:
            scores = [result.clone() for result in results]
        else:
            torch_private.add_to_each(scores, results)
    if solver.param.test_compute_loss:
        log.info("solver.cpp:401", f"Test loss: {log.number(loss / batches)}")
    _display(net, scores or [], batches)


def _heed_requests(solver) -> None:
    request = solver.next_request()
    while request is not None:
        if request == "snapshot":
            solver.snapshot()
        solver.stopping = solver.stopping or request == "stop"
        request = solver.next_request()


def _display(net, scores: list[torch.Tensor], batches: int) -> None:
    number = 0
    for (name, _, weight), score in zip(net.outputs, scores):
        for value in (score / batches).tolist():
            log.info("solver.cpp:414", f"    Test net output #{number}: {name} = {scored(value, weight)}")
            number += 1


def scored(value: float, weight: float) -> str:
    """An output's value as the log shows it, with its part of the loss if it has one."""
    if not weight:
        return log.number(value)
    return f"{log.number(value)} (* {log.number(weight)} = {log.number(weight * value)} loss)"
