"""The graph of a net: nodes in the order in which they run, blobs by number, inputs and outputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .elements import UNNAMED, Blob, Node, Value, Weight


@dataclass(eq=False)
class Graph:
    """The layers of the net `message` (a NetParameter), which stands in `file`, and what runs between them.

    `inputs` are the tops of Input layers, `outputs` the values that nobody reads, by name, as Caffe orders them.
    """

    message: Any
    file: str
    nodes: list[Node] = field(default_factory=list)
    blobs: list[Blob] = field(default_factory=list)
    inputs: list[Value] = field(default_factory=list)
    outputs: list[Value] = field(default_factory=list)
    _owners: dict[str, Weight] = field(default_factory=dict, repr=False)

    def __repr__(self) -> str:
        return f"graph of {len(self.nodes)} layers in {self.file}"

    @property
    def name(self) -> str:
        """The net's name."""
        return self.message.name

    @property
    def finals(self) -> dict[str, Value]:
        """The last value of each blob, by the blob's name and in the order of the blobs."""
        return {value.name: value for node in self.nodes for value in node.outputs}

    def add_unnamed_tops(self, node: Node, number: int) -> None:
        """Give `node` tops without a name until it has `number` of them, as Caffe does (Layer::AutoTopBlobs).

        Only a layer that is set up knows how many it needs, so they come later than the named ones.
        """
        if len(node.outputs) < number:
            node.outputs.extend(Value(Blob(None, UNNAMED), node, i) for i in range(len(node.outputs), number))
            self.number_blobs()

    def number_blobs(self) -> None:
        """Number the blobs in the order in which they are first written, as Caffe does."""
        self.blobs = list(dict.fromkeys(value.blob for node in self.nodes for value in node.outputs))
        for number, blob in enumerate(self.blobs):
            blob.number = number

    def fill_weights(self, node: Node, sources: Sequence[Any]) -> None:
        """Say which blobs of a net, `sources`, hold the parameters of `node`, in their order.

        A parameter whose `param` block has the name of an earlier one is shared with it. Call it node by node.
        """
        if not node.weights:
            names = [spec.name for spec in node.message.param]
            names += [""] * (len(sources) - len(names))
            node.weights.extend(self._weight(node, index, names[index]) for index in range(len(sources)))
        for weight, source in zip(node.weights, sources):
            weight.source = source

    def _weight(self, node: Node, index: int, name: str) -> Weight:
        weight = Weight(None, node.name, node.number, index, name)
        if name:
            owner = self._owners.setdefault(name, weight)
            weight.owner = None if owner is weight else owner
        return weight
