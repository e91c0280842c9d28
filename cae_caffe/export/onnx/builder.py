"""An ONNX graph under construction: operations and constants by name, before they become protobuf messages.

Tensors are names. Every tensor is written once; a blob that layers write in place is a tensor for each value.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...graph import Weight

MOST_SHARED = 64        # values of a constant that is looked for among the others, so that it is there once


@dataclass
class Operation:
    """A node of ONNX: operator `kind` from `inputs` to `outputs`; an empty input is left out. `layer` made it."""

    kind: str
    inputs: list[str]
    outputs: list[str]
    attributes: dict[str, Any]
    layer: str

    def rename(self, old: str, new: str) -> None:
        """Let it read and write the tensor `old` under its new name."""
        self.inputs = [new if name == old else name for name in self.inputs]
        self.outputs = [new if name == old else name for name in self.outputs]

    def read_instead(self, old: str, new: str) -> None:
        """Let it, and the graphs in its attributes, read the tensor `new` where they read `old`."""
        self.inputs = [new if name == old else name for name in self.inputs]
        for graph in self.graphs():
            _read_instead(graph, old, new)

    def reads(self) -> list[str]:
        """The tensors that it reads, and what the graphs in its attributes do, which may be tensors around them."""
        return [*self.inputs, *(name for graph in self.graphs() for node in graph.node for name in node.input)]

    def graphs(self) -> list[Any]:
        """The graphs in its attributes: the body of a Scan, the branches of an If."""
        return [value for value in self.attributes.values() if hasattr(value, "node")]


@dataclass
class GraphBuilder:
    """Operations in the order in which they run, and constants by name, for this version of the operator set."""

    opset: int
    operations: list[Operation] = field(default_factory=list)
    constants: dict[str, np.ndarray] = field(default_factory=dict)
    _names: set[str] = field(default_factory=set)
    _shared: dict[tuple, str] = field(default_factory=dict)
    _parameters: dict[tuple[Any, str], list[str]] = field(default_factory=dict)

    def unused(self, name: str) -> str:
        """`name`, or where that is taken, `name` with a number; taken from now on."""
        found, number = name, 1
        while found in self._names:
            number += 1
            found = f"{name}_{number}"
        self._names.add(found)
        return found

    def add(self, kind: str, inputs: list[str], outputs: int, layer: str, attributes: dict[str, Any]) -> list[str]:
        """Append an operation of the `layer`; returns its outputs' names."""
        names = [self.unused(f"{layer}/{kind}") for _ in range(outputs)]
        self.operations.append(Operation(kind, inputs, names, attributes, layer))
        return names

    def constant(self, array: np.ndarray, name: str) -> str:
        """The name of a constant tensor of these values: an equal small one's, or `name` if that is free."""
        array = np.asarray(array)
        if array.size > MOST_SHARED:
            found = self.unused(name)
        else:
            key = (array.dtype.str, array.shape, array.tobytes())
            if key in self._shared:
                return self._shared[key]
            found = self._shared[key] = self.unused(name)
        self.constants[found] = array
        return found

    def parameter(self, array: np.ndarray, owner: Weight, what: str) -> str:
        """The constant `what` that is made of the parameter `owner`: one for all layers that share it."""
        made = self._parameters.setdefault((owner, what), [])
        for name in made:
            if np.array_equal(self.constants[name], array):
                return name
        name = self.unused(f"{owner.layer}/{what}")
        made.append(name)
        self.constants[name] = array
        return name

    def rename(self, old: str, new: str) -> None:
        """Give the tensor `old` a new name, which no other has; it is taken."""
        for operation in self.operations:
            operation.rename(old, new)

    def insert_at_front(self, count: int) -> None:
        """Let the last `count` operations run before all others."""
        first = len(self.operations) - count
        self.operations = self.operations[first:] + self.operations[:first]

    def drop_unused(self, outputs: list[str]) -> None:
        """Leave out the operations and constants that no output needs."""
        needed, kept = set(outputs), []
        for operation in reversed(self.operations):
            if needed.intersection(operation.outputs):
                kept.append(operation)
                needed.update(operation.reads())
        self.operations = kept[::-1]
        self.constants = {name: array for name, array in self.constants.items() if name in needed}


def _read_instead(graph, old: str, new: str) -> None:
    for node in graph.node:
        for place, name in enumerate(node.input):
            if name == old:
                node.input[place] = new
        for attribute in node.attribute:
            if attribute.HasField("g"):
                _read_instead(attribute.g, old, new)
