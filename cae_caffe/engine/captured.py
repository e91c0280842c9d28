"""A training step recorded once and replayed, so that small nets are not bound by what surrounds their small kernels.

On a CUDA device it is one CUDA graph, which spares the launching of many kernels; on a CPU a list of operations
(tape.py), which spares the layers' Python. The data layers run as ever, into the same blobs each time; what follows
them, forward and backward, is recorded. Replaying runs no layer's Python, so what Python keeps of a blob's state is
set by hand: values that a user got as a numpy array go back to the device before each replay; losses deferred until
somebody reads them, and gradients cleared and not yet written, are noted again after it.

A list of operations is taken only if it does all that the step does; otherwise the steps go on layer by layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

import torch

from . import log, torch_private
from .replay_check import difference
from .tape import Tape

# Iterations run layer by layer before recording: kernels choose algorithms and buffers are made on the first ones.
WARM_UP = 3


class CudaGraph:
    """Records the kernels that a function launches, and launches them again all at once."""

    ran = False         # a stream that is recorded runs nothing

    def __init__(self, function: Callable[[], None]):
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            function()

    def replay(self) -> None:
        self._graph.replay()


class Replayed:
    """A function of no arguments that runs a few times, is recorded by `record` then, and replayed from then on."""

    def __init__(self, function: Callable[[], None], record=CudaGraph):
        self._function, self._record = function, record
        self._ran = 0
        self._graph: CudaGraph | Tape | None = None

    def run(self) -> None:
        if self._ran < WARM_UP:
            self._ran += 1
            self._function()
            return
        if self._graph is None:
            self._graph = self._record(self._function)
            if self._graph.ran:
                return
        self._graph.replay()


@dataclass
class Recording:
    """A recorded step, and the state of blobs that it leaves behind."""

    graph: CudaGraph | Tape
    deferred: list[tuple]        # memories, with what computes them when somebody reads them
    written: list                # memories whose cleared values it overwrites
    to_check: Tape | None        # against the step itself, before it is relied upon

    def replay(self) -> None:
        self.graph.replay()
        for memory, compute in self.deferred:
            memory.defer(compute)
        for memory in self.written:
            memory.take_for_writing()


class CapturedStep:
    """`forward_backward` of a net, recorded by `record` (CudaGraph or Tape) once the net has run a few iterations, and
    replayed from then on, until a blob takes another shape or place.

    A layer overwrites gradients that were cleared and adds to others, so a step is recorded once for each such case
    (with iter_size above 1 there are two).
    """

    def __init__(self, net, record=CudaGraph):
        self._net, self._record = net, record
        self._ran = 0
        self._refused = False           # what was recorded does less than the step
        self._places: list = []
        self._recordings: dict[tuple[bool, ...], Recording] = {}
        self._sources = [i for i, plan in enumerate(net.plans) if not plan.bottom_ids]

    def run(self) -> None:
        """One forward and backward pass, replayed if that is possible by now."""
        for i in self._sources:
            self._net.run_layer_forward(i)
        places: list = [blob.place_in_memory for blob in self._all_blobs()]
        places += [layer.times_reshaped for layer in self._net.layers]
        if places != self._places:           # what was recorded works on other memory
            self._places, self._ran = places, 0
            self._recordings.clear()
        if self._refused or self._ran < WARM_UP:
            self._ran += 1
            self._step()
            return
        for blob in self._all_blobs():
            blob.take_from_host()
        self._run_recorded()

    def _run_recorded(self) -> None:
        case = tuple(parameter.blob.diff_memory.unsettled for parameter in self._net.learnable)
        recording = self._recordings.get(case)
        if recording is None:
            recording = self._record_step()
            if not self._refused:
                self._recordings[case] = recording
            if not recording.graph.ran:
                recording.replay()
        elif recording.to_check is not None:
            self._check(recording.to_check)
            recording.to_check = None
        else:
            recording.replay()

    def _all_blobs(self):
        return [*self._net.blobs, *(parameter.blob for parameter in self._net.learnable)]

    def _record_step(self) -> Recording:
        net = self._net
        cleared = [p.blob.diff_memory for p in net.learnable if p.blob.diff_memory.unsettled]
        graph = self._record(self._step)
        deferred = [(blob.data_memory, blob.data_memory.deferred) for blob in net.blobs
                    if blob.data_memory.deferred is not None]
        tape = graph if isinstance(graph, Tape) else None
        if tape is not None and tape.refusal is not None:
            self._refuse(tape.refusal)
        return Recording(graph, deferred, [memory for memory in cleared if not memory.unsettled], tape)

    def _check(self, tape: Tape) -> None:
        """Run the step itself once more, beside the tape's first replay, which must come to the same bits."""
        where = difference(self._net, tape, self._step)
        if where is not None:
            self._refuse(f"{where} is another value than the step's own, so a layer does something beside PyTorch's "
                         "operations; run it through tape.call, or let the layer not be replayable")

    def _refuse(self, reason: str) -> None:
        self._refused = True
        self._recordings.clear()
        log.info("captured.py", f"Training steps run layer by layer, for a recorded one cannot be replayed: {reason}.")

    def _step(self) -> None:
        for i in range(len(self._net.layers)):
            if i not in self._sources:
                self._net.run_layer_forward(i)
        self._net.run_backward(None)


def recorder(net) -> type[CudaGraph] | type[Tape] | None:
    """What can record a net's step now: None if a layer, or a listener to its layers, must be called each time."""
    if is_capturable(net):
        return CudaGraph
    layers = [layer for layer, plan in zip(net.layers, net.plans) if plan.bottom_ids]
    if not torch_private.can_listen():
        return None
    if net.device.type == "cpu" and not _is_watched(net) and all(layer.is_replayable() for layer in layers):
        return Tape
    return None


def is_capturable(net) -> bool:
    """Whether a net's step can be recorded as a CUDA graph: it runs on a CUDA device, nobody listens to its layers, and
    none of them draws from Caffe's random stream or calls Python for its values.
    """
    return net.device.type == "cuda" and not _is_watched(net) and all(layer.is_capturable() for layer in net.layers)


def _is_watched(net) -> bool:
    return bool(net.debug_info or net.before_forward or net.after_forward or net.before_backward or net.after_backward)
