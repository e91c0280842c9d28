"""From the deploy form of a net to a graph of ONNX: layer by layer, under the names of the blobs."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...graph import Node, Value
from ..deploy import Deployed
from ..open_lengths import Lengths, OpenLengths
from ..registry import Inexpressible, Refusals
from . import registry
from .builder import GraphBuilder
from .writing import LayerWriter, Shape


@dataclass
class WrittenGraph:
    """A builder's graph with its ends: inputs and outputs by name, with the shapes that they have in the net.

    A length of an output is None if it is known only when the net runs.
    """

    builder: GraphBuilder
    inputs: dict[str, Shape]
    outputs: dict[str, Lengths] = field(default_factory=dict)
    ranks: dict[str, int] = field(default_factory=dict)     # how many axes blobs have, by their tensors


def write(deployed: Deployed, opset: int) -> WrittenGraph:
    """The graph of the deploy form at the batch that it has now.

    Raises InputError that lists all layers which ONNX cannot express exactly, with their places.
    """
    writer = _GraphWriter(deployed, opset)
    writer.write_layers()
    graph = writer.finished()
    graph.ranks = {tensor: len(value.shape) for value, tensor in writer.tensors.items()}
    return graph


class _GraphWriter:
    def __init__(self, deployed: Deployed, opset: int):
        self.deployed, self.net_graph = deployed, deployed.graph
        self.builder = GraphBuilder(opset)
        self.tensors: dict[Value, str] = {}
        self.finals = self.net_graph.finals
        self.inputs: dict[str, Shape] = {}
        for value in self.net_graph.inputs:
            self.tensors[value] = self.builder.unused(value.name)
            self.inputs[value.name] = value.shape
        self.names = self._names()

    def _names(self) -> dict[Value, str]:
        """The blob's name for its last value; earlier ones, and those over an input, have their layer's too.

        Where the layer has the blob's name, they have its type.
        """
        values = [value for node in self.net_graph.nodes for value in node.outputs if value not in self.tensors]
        last = [value for value in values if self.finals[value.name] is value and value.name not in self.inputs]
        names = {value: self.builder.unused(value.name) for value in last}      # first, for users know these names
        for value in values:
            if value not in names:
                layer = value.producer
                names[value] = self.builder.unused(
                    f"{value.name}/{layer.type if layer.name == value.name else layer.name}")
        return names

    def write_layers(self) -> None:
        refusals = Refusals()
        for node in self.net_graph.nodes:
            if node.type == "Input":
                continue
            try:
                self._write(node)
            except Inexpressible as error:
                refusals.add(node, error)
                for value in node.outputs:
                    self.tensors[value] = self.names[value]
        refusals.raise_any("ONNX")

    def _write(self, node: Node) -> None:
        layer = self.deployed.layer(node)
        write = registry.find(node.type, type(layer))
        writer = LayerWriter(self.builder, node, layer, [self.tensors[v] for v in node.inputs])
        tops = write(writer)
        own = {name for operation in self.builder.operations for name in operation.outputs
               if operation.layer == node.name}
        renamed: dict[str, str] = {}        # a tensor may be several tops
        for value, tensor in zip(node.outputs, [tops] if isinstance(tops, str) else tops):
            if tensor in own and tensor not in renamed and tensor not in self.tensors.values():
                renamed[tensor] = self.names[value]
                self.builder.rename(tensor, self.names[value])
            self.tensors[value] = renamed.get(tensor, tensor)

    def finished(self) -> WrittenGraph:
        """The graph, with each output under its blob's name, and without what no output needs."""
        graph, lengths = WrittenGraph(self.builder, self.inputs), OpenLengths(self.net_graph)
        for name in self.deployed.outputs:
            value = self.finals[name]
            output = self._output(self.tensors[value], self.names[value], graph)
            graph.outputs[output] = lengths.of(value)
        self.builder.drop_unused(list(graph.outputs))
        return graph

    def _output(self, tensor: str, name: str, graph: WrittenGraph) -> str:
        """The tensor under the output's name: renamed, or where it has another for good, copied."""
        if tensor == name:
            return name
        if tensor in self.inputs or tensor in graph.outputs or tensor in self.builder.constants:
            copy, = self.builder.add("Identity", [tensor], 1, name, {})
            self.builder.rename(copy, name)
            return name
        self.builder.rename(tensor, name)
        self.tensors = {value: name if found == tensor else found for value, found in self.tensors.items()}
        return name
