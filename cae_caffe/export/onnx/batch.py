"""A graph for any batch, from two graphs of the same net at two batches: what differs between them is the batch.

So no layer has to say how its constants depend on the batch. Those that do are the lengths in Reshape operators.
"""

from __future__ import annotations

import itertools

import numpy as np

from ...errors import InputError
from .builder import Operation
from .graph import WrittenGraph

# Pairs to be tried in turn: none is 1, the length that operators stretch; a net that shares its batch out evenly, among
# tops of a Slice or by a Reshape, takes the second.
PAIRS = ((2, 3), (6, 12))
NAME = "N"              # of the batch, among the lengths of a shape

Dim = int | str | None
INFERRED = -1           # a length that Reshape finds by itself


def merge(first: WrittenGraph, second: WrittenGraph, pair: tuple[int, int], file: str) -> dict[str, list[Dim]]:
    """Make `first` a graph for any batch; `second` is the same net's at the other batch of the `pair`.

    Returns the shapes of inputs and outputs, with names for the lengths that depend on the batch, and None for
    those that nobody knows before the net runs.

    Raises InputError, naming the layer, where a layer's numbers depend on the batch.
    """
    for one, other in itertools.zip_longest(first.builder.operations, second.builder.operations):
        if one is None or other is None:
            raise _refusal(one or other, file)
        if (one.kind, one.attributes, len(one.inputs)) != (other.kind, other.attributes, len(other.inputs)):
            raise _refusal(one, file)
        for place, (mine, theirs) in enumerate(zip(one.inputs, other.inputs)):
            _merge_constant(first, second, one, place, mine, theirs, file)
    ends: dict[str, list[Dim]] = {}
    others = {**second.inputs, **second.outputs}
    for name, shape in {**first.inputs, **first.outputs}.items():
        ends[name] = [_length(*lengths, pair) for lengths in zip(shape, others[name])]
    return ends


def _merge_constant(first, second, operation: Operation, place: int, mine: str, theirs: str, file: str) -> None:
    one, other = first.builder.constants.get(mine), second.builder.constants.get(theirs)
    if one is None or _are_equal(one, other):
        return
    if operation.kind != "Reshape" or one.shape != other.shape:
        raise _refusal(operation, file)
    merged = np.where(one == other, one, INFERRED)
    if (merged == INFERRED).sum() > 1:
        raise _refusal(operation, file)
    operation.inputs[place] = first.builder.constant(merged, f"{operation.layer}/shape")


def _are_equal(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether the constants are the same; most are one parameter of the net, seen twice."""
    if one.shape != other.shape:
        return False
    same = one.__array_interface__["data"] == other.__array_interface__["data"] and one.strides == other.strides
    return same or np.array_equal(one, other, equal_nan=True)


def _length(one: int | None, other: int | None, pair: tuple[int, int]) -> Dim:
    """The length of an axis that has these lengths at both batches."""
    if one == other or one is None or other is None:
        return one
    times, rest = divmod(one, pair[0])
    if rest == 0 and times * pair[1] == other:
        return NAME if times == 1 else f"{times}*{NAME}"
    return None


def _refusal(operation: Operation, file: str) -> InputError:
    return InputError(f"{file}: layer `{operation.layer}` computes with numbers that depend on the batch (its "
                      f"operator {operation.kind}), so the batch cannot be dynamic; export the net with a number "
                      "instead, such as --batch 1.")
