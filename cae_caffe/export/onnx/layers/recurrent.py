"""RNN, LSTM and LSTMUnit.

A recurrent layer is written step by step, for it has a fixed number of them, ONNX's own LSTM cannot begin a sequence
anew at a step, and OpenCV has no Scan. Where its states are not bottoms (`expose_hidden`), they begin at zero in every
run, as in a net that was just loaded: ONNX keeps nothing between runs, as Caffe does from batch to batch.
"""

from __future__ import annotations

from ....engine.layers.lstm_unit import GATES
from ....engine.layers.recurrent import STATIC
from ..registry import exports
from ..writing import LayerWriter

FIRST_WEIGHTS = 2       # parameters before those of x_static, or of the state: of x, and the bias


@exports("RNN")
def rnn(layer: LayerWriter) -> list[str]:
    """Gemm for all steps at once; in each MatMul, Add and Tanh; Concat, MatMul, Add and Tanh of the outputs."""
    steps = _Steps(layer)
    state = steps.states[0] if steps.states else None
    hidden = []
    for number in range(steps.number):
        state = layer.op("Tanh", steps.sums(number, state))
        hidden.append(state)
    into_output = layer.weight(steps.last_weight + 1, layer.array(steps.last_weight + 1).T, "output_weight")
    products = layer.op("MatMul", steps.joined(hidden), into_output)
    outputs = layer.op("Tanh", layer.op("Add", products, layer.weight(steps.last_weight + 2, name="output_bias")))
    return [outputs, hidden[-1]][:len(layer.top_shapes)]


@exports("LSTM")
def lstm(layer: LayerWriter) -> list[str]:
    """Gemm for all steps at once; in each MatMul, Add and what LSTMUnit has; Concat of the outputs."""
    steps = _Steps(layer)
    state, cell = steps.states or (None, None)
    hidden, cells = [], []
    for number in range(steps.number):
        cell, state = _unit(layer, steps.sums(number, state), cell, steps.goes_on[number])
        hidden.append(state)
        cells.append(cell)
    return [steps.joined(hidden), hidden[-1], cells[-1]][:len(layer.top_shapes)]


@exports("LSTMUnit")
def lstm_unit(layer: LayerWriter) -> list[str]:
    """Split, Sigmoid and Tanh of the gates; Mul and Add for the cell, Tanh and Mul for the output."""
    cell, sums, goes_on = layer.bottoms
    return list(_unit(layer, sums, cell, _over_units(layer, goes_on)))


class _Steps:
    """What a recurrent layer reads in each of its `number` steps, and its first states, None for those at zero."""

    def __init__(self, layer: LayerWriter):
        self.layer, self.number = layer, layer.layer.steps
        has_static, exposed = layer.layer.has_static, layer.layer.exposed
        self.states = layer.bottoms[STATIC + has_static:]
        self.last_weight = FIRST_WEIGHTS + has_static       # that of the state before
        x, cont = layer.bottoms[:STATIC]
        self._sources = self._split(self._from_bottoms(x))
        self.goes_on = [""] * self.number
        if self.number > 1 or exposed:
            self.goes_on = self._split(_over_units(layer, cont))
        self._weight = layer.weight(self.last_weight, layer.array(self.last_weight).T, "state_weight")

    def _from_bottoms(self, x: str) -> str:
        """The sums of x, the bias and x_static, for all steps, (steps, streams, sums)."""
        layer = self.layer
        weights = [layer.weight(0, name="weight"), layer.weight(1, name="bias")]
        sums = layer.op("Gemm", layer.op("Flatten", x, axis=2), *weights, transB=1)
        sums = layer.reshape(sums, (self.number, -1, len(layer.array(1))))
        if not layer.layer.has_static:
            return sums
        static = layer.bottoms[STATIC]
        if len(layer.bottom_shapes[STATIC]) != 2:
            static = layer.op("Flatten", static, axis=1)
        static_weight = layer.weight(FIRST_WEIGHTS, layer.array(FIRST_WEIGHTS).T, "static_weight")
        return layer.op("Add", sums, layer.op("MatMul", static, static_weight))

    def _split(self, x: str) -> list[str]:
        return self.layer.split(x, [1] * self.number, 0) if self.number > 1 else [x]

    def sums(self, number: int, state: str | None) -> str:
        """What goes into the state of a step, with that of the `state` before where its sequence goes on."""
        if state is None:
            return self._sources[number]
        kept = self.layer.op("Mul", state, self.goes_on[number])
        return self.layer.op("Add", self.layer.op("MatMul", kept, self._weight), self._sources[number])

    def joined(self, outputs: list[str]) -> str:
        """The outputs of all steps."""
        return self.layer.op("Concat", *outputs, axis=0) if len(outputs) > 1 else outputs[0]


def _over_units(layer: LayerWriter, goes_on: str) -> str:
    """Marks (steps, streams) so that they multiply states (steps, streams, units)."""
    return layer.reshape(goes_on, (0, 0, 1))


def _unit(layer: LayerWriter, sums: str, cell: str | None, goes_on: str) -> tuple[str, str]:
    """The cell and the output after a step of an LSTM; a `cell` of None is zero."""
    units = layer.top_shapes[0][-1]
    open_, offered = layer.split(sums, [(GATES - 1) * units, units], 2)
    entered, forgotten, shown = layer.split(layer.op("Sigmoid", open_), [units] * (GATES - 1), 2)
    new = layer.op("Mul", entered, layer.op("Tanh", offered))
    if cell is not None:
        kept = layer.op("Mul", layer.op("Mul", forgotten, goes_on), cell)
        new = layer.op("Add", kept, new)
    return new, layer.op("Mul", shown, layer.op("Tanh", new))
