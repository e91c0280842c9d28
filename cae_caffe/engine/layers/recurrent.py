"""What RNN and LSTM share: a net with layers for each time step runs inside them, and keeps its hidden state."""

from __future__ import annotations

import functools
from typing import ClassVar

import numpy as np
import torch

from ...errors import InputError
from .. import log
from ..blob import Blob, Shape, shape_string
from ..layer import Layer, between, exactly
from ..recorded_pass import RecordedPass
from .data_source import HIDDEN, DataSource, Place, found, require_same
from .unrolled import UnrolledNet

X, CONT, STATIC = 0, 1, 2       # the bottoms that every type has


class RecurrentLayer(DataSource, Layer):
    """Steps through T time steps of N streams: from x (T, N, ...) to an output (T, N, num_output).

    Bottoms: x; cont (T, N), 0 where a sequence begins and 1 where it goes on; perhaps x_static (N, ...), which goes
    into every step. The hidden state behind the last step is where the next batch goes on, in each stream. With
    `expose_hidden` it is not kept: the first states come from further bottoms, (1, N, num_output), and the last go to
    further tops. No gradient goes through states from batch to batch, exposed ones neither.

    The weights' order, their fillers' random numbers, one draw for each step that shares them, and `debug_info` are
    those of the net inside (src/caffe/layers/recurrent_layer.cpp).
    """

    output: ClassVar[str]                       # what the net inside calls the output
    first_states: ClassVar[tuple[str, ...]]     # and the hidden state before the first step

    def last_states(self) -> tuple[str, ...]:
        """What the net inside calls the hidden state behind the last step."""
        raise NotImplementedError

    def unroll(self, bottoms: list[Shape], state: Shape) -> UnrolledNet:
        """The net inside, for bottoms x, cont and perhaps x_static of these shapes, and hidden states of another."""
        raise NotImplementedError

    @property
    def options(self):
        return self.param.recurrent_param

    @property
    def exposed(self) -> int:
        """How many hidden states are bottoms and tops."""
        return len(self.first_states) if self.options.expose_hidden else 0

    def counts(self):
        return between(2 + self.exposed, 3 + self.exposed), exactly(1 + self.exposed)

    def setup(self, bottom, top):
        self.has_static = len(bottom) > 2 + self.exposed
        if self.options.num_output < 1:
            raise InputError("its `num_output` is 0; give the number of units, at least 1.")
        shapes = [blob.shape for blob in bottom]
        self.steps = shapes[X][0] if shapes[X] else 0
        self._check(shapes)
        log.info("recurrent_layer.cpp:20", f"Initializing recurrent layer: assuming input batch contains {self.steps} "
                                           f"timesteps of {shapes[X][1]} independent streams.")
        net = self.unroll(shapes[:STATIC + self.has_static], self._state_shape(shapes[X][1]))
        self._inner = inner = self.context.inner_net(net.finished(self.name, self.output), "inside it")
        inner.debug_info = self.options.debug_info
        last_layer = len(inner.layers) - 2      # behind it is only the loss
        self._computing = [layer for layer in inner.layers[:last_layer + 1] if layer.type != "Input"]
        self._forward_pass, self._backward_pass = (RecordedPass(inner, run, self.is_replayable()) for run in (
            functools.partial(inner.run_forward, 0, last_layer), functools.partial(inner.run_backward, last_layer)))
        self._is_kept = False       # whether the net inside is as the last forward pass has left it
        inputs = (X, CONT, STATIC) if self.has_static else (X, CONT)
        self._inputs = dict(zip(inputs, map(self._blob, ("x", "cont", "x_static"))))
        # Where the gradients of x and x_static are computed, and skipped if nobody wants them.
        self._products = {number: next(plan for plan, bottoms in zip(inner.plans, inner.bottoms) if blob in bottoms)
                          for number, blob in self._inputs.items() if number != CONT}
        self._output = self._blob(self.output)
        self._first, self._last = ([self._blob(name) for name in names]
                                   for names in (self.first_states, self.last_states()))
        self.blobs = [parameter.blob for parameter in inner.learnable]
        for number, parameter in enumerate(inner.learnable):
            log.info("recurrent_layer.cpp:150", f"Adding parameter {number}: {parameter.display_name}")

    def _blob(self, name: str) -> Blob:
        return self._inner.blobs[self._inner.blob_names.index(name)]

    def _state_shape(self, streams: int) -> Shape:
        return (1, streams, self.options.num_output)

    def _check(self, shapes: list[Shape]) -> None:
        x, cont = shapes[:2]
        if len(x) < 2 or x[0] != self.steps:
            raise InputError(f"its first bottom has shape {shape_string(x)}; it must be time steps x streams x ..., "
                             "and the number of time steps stays as it was when the net was built.")
        if cont != x[:2]:
            raise InputError(f"its second bottom, which says where sequences go on, has shape {shape_string(cont)}, "
                             f"and the first {shape_string(x)}; it must be time steps x streams, {x[0]} x {x[1]}.")
        if self.has_static and shapes[STATIC][:1] != x[1:2]:
            raise InputError(f"its third bottom, which goes into every time step, has shape "
                             f"{shape_string(shapes[STATIC])}; its first length must be the number of streams, {x[1]}.")
        for shape in shapes[STATIC + self.has_static:]:
            if shape != self._state_shape(x[1]):
                raise InputError(f"a hidden state among its bottoms has shape {shape_string(shape)}; with "
                                 f"`expose_hidden` it must be {shape_string(self._state_shape(x[1]))}.")

    def reshape(self, bottom, top):
        self._check([blob.shape for blob in bottom])
        for number, blob in self._inputs.items():
            blob.reshape(bottom[number].shape)
        for blob in self._first:
            blob.reshape(self._state_shape(bottom[X].shape[1]))
        self._inner.reshape()
        for blob, inner in zip(top, [self._output, *self._last]):
            blob.reshape(inner.shape)

    def forward(self, bottom, top):
        self._share_weights()
        for number, blob in self._inputs.items():
            blob.share_data(bottom[number])
        self._output.share_data(top[0])
        exposed = bottom[len(self._inputs):]
        for first, last, given in zip(self._first, self._last, exposed or self._first):
            if exposed:
                first.share_data(given)
            else:
                first.data.copy_(last.data)
        for blob in bottom:
            blob.settle()
        self._forward_pass.run()
        if self.steps == 1:     # the output is the one step's own memory (see Concat)
            top[0].share_data(self._output)
        self._is_kept = True
        for blob, last in zip(top[1:], self._last):
            blob.share_data(last)

    def _share_weights(self) -> None:
        """Whoever gave the weights other memory, such as a solver, knows those of the first step alone."""
        self._inner.parameters.share(self._inner.layers)

    def backward(self, top, propagate_down, bottom):
        self.refuse_gradient(propagate_down, CONT)
        self._output.share_diff(top[0])
        for number, plan in self._products.items():
            plan.propagates_down = [propagate_down[number] or self.options.debug_info]
            if propagate_down[number]:
                self._inputs[number].share_diff(bottom[number])
        # Gradients that were cleared are overwritten, others added to; a recording does not say that they are written.
        memories = [blob.diff_memory for blob in self.blobs]
        self._backward_pass.run((*propagate_down, *(memory.unsettled for memory in memories)), self._is_kept)
        for memory in memories:
            memory.take_for_writing()

    def allows_forced_backward(self, bottom_index):
        return bottom_index != CONT

    def forget(self):
        self._is_kept = False
        for layer in self._inner.layers:
            layer.forget()

    def is_capturable(self):
        return not self.options.debug_info and all(layer.is_capturable() for layer in self._computing)

    def is_replayable(self):
        return not self.options.debug_info and all(layer.is_replayable() for layer in self._computing)

    def operations(self, bottom, top):
        inner = self._inner
        return sum(layer.operations(*ends) for layer, *ends in zip(inner.layers, inner.bottoms, inner.tops))

    def place(self) -> Place:
        return {HIDDEN: np.stack([blob.data.cpu().numpy() for blob in self._last])}

    def go_to(self, place: Place) -> None:
        hidden = found(place, HIDDEN)
        require_same("hidden values", hidden.size, sum(blob.count for blob in self._last))
        if hidden.shape != (len(self._last), *self._last[0].shape):
            raise InputError(f"its `{HIDDEN}` has shape {hidden.shape}, and there are {len(self._last)} hidden states "
                             f"of shape {self._last[0].shape}")
        for blob, values in zip(self._last, hidden):
            blob.data.copy_(torch.from_numpy(values.astype(np.float32)))
