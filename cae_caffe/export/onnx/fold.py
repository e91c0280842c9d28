"""What is a factor and a term for each channel, such as BatchNorm, Scale and Bias layers, put into the weights before.

Only where nothing else reads what lies between. Where no weights come before, a chain becomes one Mul and one Add. New
values are computed in float64.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .builder import Operation
from .graph import WrittenGraph

CHANNELS = 1        # their axis


@dataclass
class _Affine:
    """`factor` times a tensor, plus `term`, both float64: for each channel, (C,), or one for all, ()."""

    factor: np.ndarray
    term: np.ndarray

    def then(self, other: _Affine) -> _Affine:
        """This one, and the other one of its result."""
        return _Affine(self.factor * other.factor, self.term * other.factor + other.term)

    def agrees(self, other: _Affine) -> bool:
        """Whether both are of as many channels, if both tell."""
        return len({len(values) for one in (self, other) for values in (one.factor, one.term) if np.ndim(values)}) < 2


NOTHING = _Affine(np.float64(1), np.float64(0))


def fold(graph: WrittenGraph) -> None:
    """Fold the graph's chains, and leave out what is no longer needed; outputs stay as they are."""
    folder = _Folder(graph)
    with np.errstate(all="ignore"):     # a variance may be 0 and weights infinite, as in the net
        for operation in graph.builder.operations:
            if id(operation) not in folder.gone:
                folder.fold_behind(operation)
    graph.builder.operations = [one for one in graph.builder.operations if id(one) not in folder.gone]
    graph.builder.drop_unused(list(graph.outputs))


class _Folder:
    def __init__(self, graph: WrittenGraph):
        self.builder, self.ranks, self.outputs = graph.builder, graph.ranks, set(graph.outputs)
        self.gone: set[int] = set()     # of the operations, by their ids
        self.readers: dict[str, list[Operation]] = {}
        for operation in self.builder.operations:
            for name in operation.reads():
                self.readers.setdefault(name, []).append(operation)

    def fold_behind(self, operation: Operation) -> None:
        """Put the chain behind a layer with weights into them, or make one that begins here shorter."""
        weights = self._weights(operation)
        if weights is not None:
            nothing = _Affine(np.ones(_channels(operation, weights[0])), NOTHING.term)
            chain, whole = self._chain(operation, weights[0].ndim, nothing)
            if chain:
                self._put_in(operation, weights, whole)
                self._leave_out(chain, operation)
            return
        if operation.kind == "Sub":     # a large mean, which is to be taken off first (see normalization.py)
            return
        rank = self.ranks.get(operation.inputs[0], 0) if operation.inputs else 0
        first = self._affine(operation, operation.inputs[0], rank) if rank else None
        if first is not None:
            rest, whole = self._chain(operation, rank, first)
            self._write_anew([operation, *rest], whole, rank)

    # Chains.

    def _chain(self, operation: Operation, rank: int, whole: _Affine) -> tuple[list[Operation], _Affine]:
        """The operations behind this one, which is `whole`, that are affine, each the only reader of the one before;
        and what all of them do.
        """
        chain: list[Operation] = []
        tensor = operation.outputs[0]
        while tensor not in self.outputs and len(self.readers.get(tensor, ())) == 1:
            reader = self.readers[tensor][0]
            affine = self._affine(reader, tensor, rank)
            if affine is None or not whole.agrees(affine):
                break
            chain.append(reader)
            whole, tensor = whole.then(affine), reader.outputs[0]
        return chain, whole

    def _affine(self, operation: Operation, x: str, rank: int) -> _Affine | None:
        """What the operation does with the tensor `x` of so many axes, if it is a factor and a term."""
        if operation.kind == "BatchNormalization":
            return self._of_averages(operation)
        if operation.kind not in ("Mul", "Add", "Sub", "Div"):
            return None
        is_first = operation.inputs[0] == x
        value = self._of_channels(operation.inputs[int(is_first)], rank)
        if value is None or (operation.kind in ("Sub", "Div") and not is_first):
            return None
        if operation.kind in ("Mul", "Div"):
            return _Affine(value if operation.kind == "Mul" else 1 / value, NOTHING.term)
        return _Affine(NOTHING.factor, value if operation.kind == "Add" else -value)

    def _of_averages(self, operation: Operation) -> _Affine | None:
        """What BatchNormalization does, if its averages are constant."""
        if not all(name in self.builder.constants for name in operation.inputs[1:]):
            return None
        scale, bias, mean, variance = (self.builder.constants[name].astype(np.float64) for name in operation.inputs[1:])
        factor = scale / np.sqrt(variance + operation.attributes["epsilon"])
        return _Affine(factor, bias - mean * factor)

    def _of_channels(self, name: str, rank: int) -> np.ndarray | None:
        """A constant's values, (C,) or (), if they lie along the channels of a tensor of so many axes."""
        array = self.builder.constants.get(name)
        if array is None or array.dtype != np.float32 or array.ndim > rank:
            return None
        if array.size == 1:
            return array.astype(np.float64).reshape(())
        shape = (1,) * (rank - array.ndim) + array.shape
        return array.astype(np.float64).ravel() if rank > CHANNELS and shape[CHANNELS] == array.size else None

    # Layers with weights.

    def _weights(self, operation: Operation) -> list[np.ndarray] | None:
        """Weights and bias of a layer with constant ones; None for others."""
        if operation.kind not in ("Conv", "ConvTranspose", "Gemm"):
            return None
        names = operation.inputs[1:]
        return [self.builder.constants[name] for name in names] if set(names) <= set(self.builder.constants) else None

    def _put_in(self, operation: Operation, weights: list[np.ndarray], affine: _Affine) -> None:
        weight, groups = weights[0].astype(np.float64), _groups(operation)
        factor = affine.factor
        if groups > 1:
            shape = (groups, weight.shape[0] // groups, *weight.shape[1:])
            by_group = factor.reshape(groups, 1, -1, *[1] * (weight.ndim - 2))
            weight = (weight.reshape(shape) * by_group).reshape(weight.shape)
        else:
            axis = _output_axis(operation)
            weight = weight * factor.reshape([-1 if at == axis else 1 for at in range(weight.ndim)])
        bias = (weights[1] * factor if len(weights) > 1 else 0) + affine.term
        for place, values in ((1, weight), (2, np.broadcast_to(bias, factor.shape))):
            self._set_constant(operation, place, values)

    def _set_constant(self, operation: Operation, place: int, values: np.ndarray) -> None:
        """Let the operation read these values: under the old name, unless others read that."""
        array = values.astype(np.float32)
        name = operation.inputs[place] if place < len(operation.inputs) else ""
        if name and len(self.readers[name]) == 1:
            self.builder.constants[name] = array
        else:
            new = self.builder.constant(array, f"{operation.layer}/{'weight' if place == 1 else 'bias'}")
            operation.inputs[place:] = [new, *operation.inputs[place + 1:]]

    # Chains alone.

    def _write_anew(self, chain: list[Operation], affine: _Affine, rank: int) -> None:
        """Write a chain as one Mul and one Add, if that is shorter."""
        if len(chain) <= 2:
            return
        behind = [1] * (rank - CHANNELS - 1)
        tensor = chain[0].inputs[0]
        for operation, kind, values in zip(chain, ("Mul", "Add"), (affine.factor, affine.term)):
            operation.kind, operation.attributes = kind, {}
            array = np.asarray(values.reshape(-1, *behind) if values.ndim else values, np.float32)
            operation.inputs = [tensor, self.builder.constant(array, f"{operation.layer}/{kind.lower()}")]
            tensor = operation.outputs[0]
        self._leave_out(chain[2:], chain[1])

    def _leave_out(self, chain: list[Operation], by: Operation) -> None:
        """Let `by` write what the last of the chain writes."""
        self.gone.update(map(id, chain))
        by.outputs = list(chain[-1].outputs)


def _groups(operation: Operation) -> int:
    """Groups of which each has all outputs in the weights; Conv has them along its output axis anyway."""
    return operation.attributes["group"] if operation.kind == "ConvTranspose" else 1


def _output_axis(operation: Operation) -> int:
    """The axis of the weights along which outputs lie."""
    return int(operation.kind == "ConvTranspose"
               or (operation.kind == "Gemm" and not operation.attributes.get("transB", 0)))


def _channels(operation: Operation, weight: np.ndarray) -> int:
    return weight.shape[_output_axis(operation)] * _groups(operation)
