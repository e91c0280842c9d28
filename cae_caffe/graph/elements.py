"""What a graph is made of: nodes (layers), the blobs between them, the values in the blobs, and the weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from typing import Any
from weakref import ref

from ..schema import View, view

UNNAMED = "(automatic)"     # Caffe's name for a top that it makes itself
Shape = tuple[int, ...]


def layer_place(layer, name: str, line: int | None) -> str:
    """A layer's name, its type and, if known, its `line` in `name`, the net's file: "layer `a` (type ReLU, net:12)"."""
    where = f"{name}:{line}" if line else name
    return f"layer `{layer.name}` ({f'type {layer.type}, ' if layer.type else ''}{where})"


@dataclass(eq=False, repr=False)
class Memory:
    """Base of what holds an array: `source` is the blob of a net that does, or None before a net is bound.

    Shape and array are the source's as they are when one asks, for a net may be reshaped and trained.
    """

    source: Any

    @property
    def shape(self) -> Shape:
        """The shape, as Caffe has it; raises ValueError before a net is bound."""
        return tuple(self._bound().shape)

    @property
    def array(self) -> Any:
        """The values: an array of numpy from pycaffe's nets, a tensor from the engine's; raises ValueError unbound."""
        return self._bound().data

    def _bound(self) -> Any:
        if self.source is None:
            raise ValueError(f"{self!r} has no shape yet: only a net that was set up knows it; see graph.bind.")
        return self.source


@dataclass(eq=False, repr=False)
class Blob(Memory):
    """A blob of the net. Layers in place write the blob that they read, so it may hold several values in turn.

    `number` is its place among the net's blobs, copies by Split layers included; `loss_weight` is known when bound.
    """

    name: str
    number: int = -1
    loss_weight: float = 0.0

    def __repr__(self) -> str:
        return f"blob `{self.name}`"

    @property
    def row_size(self) -> int:
        """Elements for one image: those of all axes but the first (1 for a scalar or a vector)."""
        return prod(self.shape[1:])


class Value:
    """What one layer writes: top number `index` of the node `producer`, into `blob`.

    It does not keep its nodes: whoever asks for them keeps the graph. So a net that is dropped is gone at once, memory
    and all, and need not wait until circles are collected.
    """

    def __init__(self, blob: Blob, producer: Node, index: int):
        self.blob, self.index = blob, index
        self._producer = ref(producer)
        self._consumers: list[ref[Node]] = []

    def __repr__(self) -> str:
        return f"value of blob `{self.name}` by {self.producer!r}"

    @property
    def producer(self) -> Node:
        """The node that writes it; raises ReferenceError if the graph is gone."""
        return _kept(self._producer)

    @property
    def consumers(self) -> list[Node]:
        """The nodes that read it, in their order, twice if they read it twice; raises as `producer` does."""
        return [_kept(consumer) for consumer in self._consumers]

    def read_by(self, node: Node) -> None:
        """Note that `node` reads it too."""
        self._consumers.append(ref(node))

    @property
    def name(self) -> str:
        """The name of its blob, which other values may have too."""
        return self.blob.name

    @property
    def shape(self) -> Shape:
        """The shape of its blob, as Caffe has it; raises ValueError before a net is bound."""
        return self.blob.shape

    @property
    def in_place(self) -> bool:
        """Whether it is written over a value that its producer reads."""
        return any(self.blob is value.blob for value in self.producer.inputs)


def _kept(reference: ref[Node]) -> Node:
    node = reference()
    if node is None:
        raise ReferenceError("The graph of this value is gone; keep the graph as long as its values.")
    return node


@dataclass(eq=False, repr=False)
class Weight(Memory):
    """Parameter blob `index` of the layer `layer`, number `node` of the net (in most types weights first, then bias).

    `name` is that of its `param` block, or empty. `owner` is the earlier layer's parameter that it shares, or None.
    """

    layer: str
    node: int
    index: int
    name: str = ""
    owner: Weight | None = None

    def __repr__(self) -> str:
        return f"parameter {self.index} of layer `{self.layer}`"

    @property
    def count(self) -> int:
        """Its number of elements."""
        return prod(self.shape)


@dataclass(eq=False, repr=False)
class Node:
    """A layer: `number` is its place in the net as it runs, Split layers counted; `message` is its LayerParameter.

    `inputs` and `outputs` are the values of its bottoms and tops. `weights` is empty before a net is bound. `file` and
    `line` say where it stands; the line may be unknown.
    """

    number: int
    message: Any
    file: str
    line: int | None
    inputs: list[Value] = field(default_factory=list)
    outputs: list[Value] = field(default_factory=list)
    weights: list[Weight] = field(default_factory=list)

    def __repr__(self) -> str:
        return self.place

    @property
    def name(self) -> str:
        """The layer's name, which other layers may have too."""
        return self.message.name

    @property
    def type(self) -> str:
        """Caffe's name for the layer's type."""
        return self.message.type

    @cached_property
    def param(self) -> View:
        """The read-only view of `message`, with Caffe's defaults."""
        return view(self.message)

    @property
    def bottoms(self) -> tuple[str, ...]:
        """The names of the blobs that it reads."""
        return tuple(value.name for value in self.inputs)

    @property
    def tops(self) -> tuple[str, ...]:
        """The names of the blobs that it writes."""
        return tuple(value.name for value in self.outputs)

    @property
    def in_place(self) -> bool:
        """Whether it writes over what it reads."""
        return any(value.in_place for value in self.outputs)

    @property
    def place(self) -> str:
        """Name, type, file and line, for messages."""
        return layer_place(self.message, self.file, self.line)
