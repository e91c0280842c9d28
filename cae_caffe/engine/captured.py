"""A training step as one CUDA graph, so that small nets are not bound by the launching of their many small kernels.

The data layers run as ever, into the same blobs each time; what follows them, forward and backward, is recorded once
and replayed. Replaying runs no Python, so what Python keeps of a blob's state (losses deferred until somebody reads
them, gradients cleared and not yet written) is set again by hand after each replay.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

import torch

# Iterations run layer by layer before recording: kernels choose algorithms and buffers are made on the first ones.
WARM_UP = 3


class CudaGraph:
    """Records the kernels that a function launches, and launches them again all at once."""

    def __init__(self, function: Callable[[], None]):
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            function()

    def replay(self) -> None:
        self._graph.replay()


@dataclass
class Recording:
    """A recorded step, and the state of blobs that it leaves behind."""

    graph: CudaGraph
    deferred: list[tuple]        # memories, with what computes them when somebody reads them
    written: list                # memories whose cleared values it overwrites


class CapturedStep:
    """`forward_backward` of a net, recorded by `record` (CudaGraph; a function of a function, returning an object
    with `replay`) once the net has run a few iterations, and replayed from then on.

    A layer overwrites gradients that were cleared and adds to others, so a step is recorded once for each such case
    (with iter_size above 1 there are two).
    """

    def __init__(self, net, record=CudaGraph):
        self._net, self._record = net, record
        self._ran = 0
        self._shapes: list = []
        self._recordings: dict[tuple[bool, ...], Recording] = {}
        self._sources = [i for i, plan in enumerate(net.plans) if not plan.bottom_ids]

    def run(self) -> None:
        """One forward and backward pass, replayed if that is possible by now."""
        for i in self._sources:
            self._net.run_layer_forward(i)
        shapes = [blob.shape for i in self._sources for blob in self._net.tops[i]]
        if shapes != self._shapes:           # what was recorded works on blobs of other shapes
            self._shapes, self._ran = shapes, 0
            self._recordings.clear()
        if self._ran < WARM_UP:
            self._ran += 1
            self._step()
            return
        case = tuple(parameter.blob.diff_memory.unsettled for parameter in self._net.learnable)
        if case not in self._recordings:
            self._recordings[case] = self._record_step()
        recording = self._recordings[case]
        recording.graph.replay()
        for memory, compute in recording.deferred:
            memory.defer(compute)
        for memory in recording.written:
            memory.take_for_writing()

    def _record_step(self) -> Recording:
        net = self._net
        cleared = [p.blob.diff_memory for p in net.learnable if p.blob.diff_memory.unsettled]
        graph = self._record(self._step)
        deferred = [(blob.data_memory, blob.data_memory.deferred) for blob in net.blobs
                    if blob.data_memory.deferred is not None]
        return Recording(graph, deferred, [memory for memory in cleared if not memory.unsettled])

    def _step(self) -> None:
        for i in range(len(self._net.layers)):
            if i not in self._sources:
                self._net.run_layer_forward(i)
        self._net.backward_after_forward()


def is_capturable(net) -> bool:
    """Whether a net's step can be recorded: it runs on a CUDA device, nobody listens to its layers, and none of them
    draws from Caffe's random stream or calls Python for its values."""
    if net.device.type != "cuda" or net.debug_info:
        return False
    listeners = net.before_forward or net.after_forward or net.before_backward or net.after_backward
    return not listeners and all(layer.capturable for layer in net.layers)
