"""The time that each layer of a net takes, as the tool `caffe time` measures and prints it (tools/caffe.cpp)."""

from __future__ import annotations

import time
from typing import Callable

from .. import progress, schema
from ..analysis.nets import make_net
from ..backend_protocol import Backend, Net
from ..errors import InputError
from ..graph import by_number
from ..printing import shown
from .device import use_device
from .state_check import check_state

PHASES = ("TRAIN", "TEST")
Clock = Callable[[], float]


def time_layers(backend: Backend, model: str, iterations: int = 50, phase: str = "TRAIN", gpu: str = "", level: int = 0,
                stage: str = "") -> dict[str, tuple[float, float]]:
    """Run the net of the prototxt `model` forward and backward so many times, and log the time of each layer.

    `stage` is a list of stages between commas. Returns the mean milliseconds forward and backward by the layers' names.
    Raises InputError for files that cannot be read, and a state without data.
    """
    if iterations < 1:
        raise InputError(f"-iterations {iterations} measures nothing; give at least 1.")
    stages = [name for name in stage.split(",") if name]
    definition, lines = schema.read_net_with_lines(model)
    check_state(definition, model, phase, level, stages)
    use_device(backend, gpu)
    net = make_net(backend, definition, lines, model, phase, level, stage.split(","))
    _warm_up(backend, net)
    backend.log("*** Benchmark begins ***")
    backend.log(f"Testing for {iterations} iterations.")
    watch = _Watch(net, _device_clock(backend) if gpu else time.perf_counter)
    # Caffe's CPU timer counts whole milliseconds.
    watch.run(iterations, lambda i, ms: backend.log(
        f"Iteration: {i} forward-backward time: {_number(ms if gpu else int(ms))} ms."))
    means = {name: (forward / iterations, backward / iterations)
             for name, forward, backward in zip(by_number.layer_names(net), watch.forward_ms, watch.backward_ms)}
    backend.log("Average time per layer: ")
    for name, (forward, backward) in means.items():
        backend.log(f"{shown(name):>10}\tforward: {_number(forward)} ms.")
        backend.log(f"{shown(name):>10}\tbackward: {_number(backward)} ms.")
    total = watch.total_ms if gpu else int(watch.total_ms)
    backend.log(f"Average Forward pass: {_number(watch.all_forward_ms / iterations)} ms.")
    backend.log(f"Average Backward pass: {_number(watch.all_backward_ms / iterations)} ms.")
    backend.log(f"Average Forward-Backward: {_number(total / iterations)} ms.")
    backend.log(f"Total Time: {_number(total)} ms.")
    backend.log("*** Benchmark ends ***")
    return means


def _warm_up(backend: Backend, net: Net) -> None:
    """One pass there and back, which allocates what later ones use."""
    last = len(net.layers) - 1
    backend.log("Performing Forward")
    backend.log(f"Initial loss: {_number(by_number.forward(net, 0, last))}")
    backend.log("Performing Backward")
    by_number.backward(net, last, 0)


def _device_clock(backend: Backend) -> Clock:
    """A clock that waits for the GPU: Caffe's own timer does."""
    def now() -> float:
        timer = backend.Timer()
        timer.start()
        timer.stop()
        _ = timer.ms
        return time.perf_counter()
    return now


class _Watch:
    """Sums of milliseconds over passes of a net, whose layers report to it through the net's callbacks."""

    def __init__(self, net: Net, now: Clock):
        self._net, self._now = net, now
        self.forward_ms: list[float] = [0.0] * len(net.layers)
        self.backward_ms: list[float] = [0.0] * len(net.layers)
        self.all_forward_ms = self.all_backward_ms = self.total_ms = 0.0
        self._started = 0.0
        net.before_forward(self._start)
        net.after_forward(lambda layer: self._add(self.forward_ms, layer))
        net.before_backward(self._start)
        net.after_backward(lambda layer: self._add(self.backward_ms, layer))

    def _start(self, layer: int) -> None:
        self._started = self._now()

    def _add(self, sums: list[float], layer: int) -> None:
        sums[layer] += (self._now() - self._started) * 1000

    def run(self, iterations: int, report: Callable[[int, float], None]) -> None:
        """Run the net there and back so many times; `report` gets the number of each, from 1, and its time."""
        last = len(self._net.layers) - 1
        begun = self._now()
        with progress.bar(iterations, "timing") as bar:
            for i in range(1, iterations + 1):
                start = self._now()
                by_number.forward(self._net, 0, last)
                middle = self._now()
                by_number.backward(self._net, last, 0)
                end = self._now()
                self.all_forward_ms += (middle - start) * 1000
                self.all_backward_ms += (end - middle) * 1000
                report(i, (end - start) * 1000)
                bar.update(1)
        self.total_ms = (self._now() - begun) * 1000


def _number(value: float) -> str:
    return format(float(value), ".6g")
