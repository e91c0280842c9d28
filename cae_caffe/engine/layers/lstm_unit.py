"""LSTMUnit: one time step of an LSTM's cell, from the sums that go into its gates."""

from __future__ import annotations

import torch

from ...errors import InputError
from ..blob import Blob, shape_string
from ..layer import Layer, exactly
from ..traits import Traits
from .buffers import buffer_like
from .registry import register

aten = torch.ops.aten

GATES = 4       # input, forget and output gate, and what the input gate lets in; in this order along the last axis


@register("LSTMUnit")
class LSTMUnit(Layer):
    """c = cont f c_prev + i g and h = o tanh(c), with i, f, o = sigmoid and g = tanh of the second bottom's quarters.

    Bottoms: c_prev (1, N, D), the sums (1, N, 4D), and cont (1, N), which is 0 where a sequence begins: there c_prev
    counts for nothing, even if it is no number. Tops: c and h, (1, N, D). As in Caffe a cont that is neither 0 nor 1
    has its part in the slope of the forget gate: f (1 - f) is of cont f (src/caffe/layers/lstm_unit_layer.cpp).
    """

    bottoms = exactly(3)
    tops = exactly(2)
    traits = Traits(replayable=True)

    def setup(self, bottom, top):
        self._gates = self._squashed = self._slope = torch.empty(0)
        self._begins = torch.empty(0, dtype=torch.bool)
        self._kept = False      # whether the gates, and tanh(c) in `_squashed`, are those of the blobs

    def shapes(self, bottom_shapes):
        for shape, axes in zip(bottom_shapes, (3, 3, 2)):
            if len(shape) != axes or shape[0] != 1 or shape[1] != bottom_shapes[0][1]:
                raise InputError(f"its bottoms have shapes {', '.join(map(shape_string, bottom_shapes))}; they must be "
                                 "1 x N x D, 1 x N x 4D and 1 x N.")
        units = bottom_shapes[0][2]
        if bottom_shapes[1][2] != GATES * units:
            raise InputError(f"its cell has {units} units and its second bottom {bottom_shapes[1][2]} sums; it takes "
                             f"{GATES} for each unit, {GATES * units}.")
        return [bottom_shapes[0]] * 2

    def allows_forced_backward(self, bottom_index):
        return bottom_index != 2

    def forget(self):
        self._kept = False

    def forward(self, bottom, top):
        cell, hidden = (blob.data for blob in top)
        entered, forgotten, shown, offered = self._compute_gates(bottom)
        torch.mul(entered, offered, out=cell).addcmul_(forgotten, bottom[0].data)
        self._squashed = torch.tanh(cell, out=buffer_like(self._squashed, cell))
        torch.mul(shown, self._squashed, out=hidden)
        self._kept = True

    def backward(self, top, propagate_down, bottom):
        self.refuse_gradient(propagate_down, 2)
        if not propagate_down[0] and not propagate_down[1]:
            return
        if not self._kept:
            self._compute_gates(bottom)
            self._squashed = torch.tanh(top[0].data, out=buffer_like(self._squashed, top[0].data))
        entered, forgotten, shown, offered = self._quarters(self._gates)
        hidden_diff = top[1].diff
        # The slope by the cell: its own, and by way of the hidden value.
        self._slope = slope = torch.mul(hidden_diff, shown, out=buffer_like(self._slope, hidden_diff))
        aten.tanh_backward.grad_input(slope, self._squashed, grad_input=slope)
        slope.add_(top[0].diff)
        if propagate_down[0]:
            torch.mul(slope, forgotten, out=bottom[0].diff)
        if propagate_down[1]:
            factors = ((slope, offered), (slope, bottom[0].data), (hidden_diff, self._squashed), (slope, entered))
            for (one, other), out in zip(factors, self._quarters(bottom[1].diff)):
                torch.mul(one, other, out=out)
            self._pass_activations(bottom[1].diff)

    def _compute_gates(self, bottom: list[Blob]) -> tuple[torch.Tensor, ...]:
        """Write the gates and what they let in; of the forget gate cont times it."""
        sums, cont = bottom[1].data, bottom[2].data.view(-1, 1)
        self._gates = buffer_like(self._gates, sums)
        for function, values, out in zip((torch.sigmoid, torch.tanh), self._by_activation(sums),
                                         self._by_activation(self._gates)):
            function(values, out=out)
        quarters = self._quarters(self._gates)
        self._begins = torch.eq(cont, 0, out=buffer_like(self._begins, cont.bool()))
        quarters[1].mul_(cont).masked_fill_(self._begins, 0)
        return quarters

    def _pass_activations(self, diff: torch.Tensor) -> None:
        """Turn the slopes by the gates, in `diff`, into those by their sums."""
        functions = (aten.sigmoid_backward, aten.tanh_backward)
        for function, values, out in zip(functions, self._by_activation(self._gates), self._by_activation(diff)):
            function.grad_input(out, values, grad_input=out)

    def _quarters(self, values: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return values.chunk(GATES, 2)

    def _by_activation(self, values: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Those under sigmoid, and those under tanh."""
        units = values.shape[2] // GATES
        return values.split([(GATES - 1) * units, units], 2)
