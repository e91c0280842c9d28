"""Scoring a model through pycaffe's surface, as the tool `caffe test` does it (tools/caffe.cpp)."""

from __future__ import annotations

import numpy as np

from .. import progress, schema
from ..analysis import stored_weights
from ..analysis.nets import make_net
from ..backend_protocol import Backend, Net
from ..errors import InputError
from ..graph import by_number
from ..printing import shown
from .device import use_device
from .state_check import check_state


def test(backend: Backend, model: str, weights: str, iterations: int = 50, gpu: str = "", level: int = 0,
         stage: str = "") -> dict[str, list[float]]:
    """Run the TEST net of the prototxt `model` with `weights` for so many batches, logging every batch and the means.

    `stage` is a list of stages between commas. Returns the mean of each output's values, by the output's name. Raises
    InputError for files that cannot be read, weights of another net, and a state without data.
    """
    if iterations < 1:
        raise InputError(f"-iterations {iterations} runs no batch; give at least 1.")
    stages = [name for name in stage.split(",") if name]
    definition, lines = schema.read_net_with_lines(model)
    check_state(definition, model, "TEST", level, stages)
    stored = stored_weights.shapes_for(backend, weights)      # real Caffe ends the whole process at a bad file
    use_device(backend, gpu)
    net = make_net(backend, definition, lines, model, "TEST", level, stage.split(","), weights)
    stored_weights.check_common(net, model, stored, weights)
    backend.log(f"Running for {iterations} iterations.")
    loss, owners, scores = _run(backend, net, iterations)
    backend.log(f"Loss: {_number(loss / iterations)}")
    means: dict[str, list[float]] = {name: [] for name in net.outputs}
    for name, value in zip(owners, scores / np.float32(iterations)):
        weight = net.blob_loss_weights[name]
        tail = f" (* {_number(weight)} = {_number(weight * value)} loss)" if weight else ""
        backend.log(f"{shown(name)} = {_number(value)}{tail}")
        means[name].append(float(value))
    return means


def _run(backend: Backend, net: Net, iterations: int) -> tuple[float, list[str], np.ndarray]:
    """The sum over batches of the loss, and of all outputs' values, with the names of their outputs.

    Values are counted through all outputs, and their number is the first batch's. So Caffe has it also where an output
    changes its size meanwhile, but that it writes further values behind its memory.
    """
    loss = 0.0
    owners: list[str] = []
    scores = np.zeros(0, np.float32)
    last = len(net.layers) - 1
    with progress.bar(iterations, "testing", unit="batch") as bar:
        for i in range(iterations):
            loss += by_number.forward(net, 0, last)
            outputs = [(name, value) for name in net.outputs for value in net.blobs[name].data.reshape(-1)]
            for name, value in outputs:
                backend.log(f"Batch {i}, {shown(name)} = {_number(value)}")
            if i == 0:
                owners, scores = [name for name, _ in outputs], np.zeros(len(outputs), np.float32)
            count = min(len(scores), len(outputs))
            scores[:count] += np.array([value for _, value in outputs[:count]], np.float32)
            bar.update(1)
    return loss, owners, scores


def _number(value: float) -> str:
    return format(float(value), ".6g")
