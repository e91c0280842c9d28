"""From a NetParameter to a graph, with the checks of its connections that Caffe makes (Net::Init, Net::AppendTop)."""

from __future__ import annotations

import os
from collections.abc import Sequence

from .. import schema
from ..errors import InputError
from ..schema import net_state
from .elements import Blob, Node, Value
from .graph import Graph
from .splits import with_splits


def read_graph(path: str | os.PathLike, phase: str, level: int | None = 0, stages: Sequence[str] = ()) -> Graph:
    """The graph of the prototxt at `path` as Caffe runs it in this phase ("TRAIN" or "TEST"), level and stages.

    Stages that the file names hold too, as in pycaffe; so does its level where `level` is None. Raises InputError if
    the file cannot be read or has no layers, and for connections that Caffe refuses.
    """
    return graph_in_state(*schema.read_net_with_lines(path), str(path), phase, level, stages)


def graph_in_state(definition, lines: Sequence[int | None], name: str, phase: str, level: int | None = 0,
                   stages: Sequence[str] = ()) -> Graph:
    """As `read_graph`, of a NetParameter that was read with its `lines` from the file `name` and stays as it is."""
    if not definition.layer:
        raise InputError(f"{name}: the net has no layers, so there is nothing to run; name a net's prototxt.")
    net = schema.NetParameter()
    net.CopyFrom(definition)
    net.state.phase = schema.Phase.Value(phase)
    if level is not None:
        net.state.level = level
    net.state.stage.extend(stages)
    try:
        kept, lines = net_state.filtered(net, list(lines))
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
    return graph_of(kept, name, lines, net)


def graph_of(net, name: str = "the net", lines: Sequence[int | None] | None = None, whole=None) -> Graph:
    """The graph of `net`, a current (upgraded) NetParameter that has only the layers of its state (`net_state`).

    Split layers are put in where Caffe does; `without_splits` leaves them out. `name` (a file's path) and `lines`
    (where each layer stands in it) are for messages, and so is `whole`, the net with the layers of all states. `net`
    itself is not changed. Raises InputError, naming the layer, for a bottom that nobody wrote before, a top that is
    another layer's, and a wrong number of `propagate_down`.
    """
    param, lines = with_splits(net, list(lines) if lines else [None] * len(net.layer), name, whole)
    builder = _Builder(Graph(param, name))
    for number, (message, line) in enumerate(zip(param.layer, lines)):
        if not message.HasField("phase"):
            message.phase = param.state.phase
        builder.add(Node(number, message, name, line))
    return builder.finished()


class _Builder:
    """Adds one node after the other to a graph."""

    def __init__(self, graph: Graph):
        self.graph = graph
        self.newest: dict[str, Value] = {}        # of each name
        self.unused: set[str] = set()             # names of blobs whose newest value has no consumer yet

    def add(self, node: Node) -> None:
        """Connect `node`; raises InputError that names it."""
        try:
            self._connect_bottoms(node)
            self._connect_tops(node)
        except InputError as error:
            raise InputError(f"{node.place}: {error}") from None
        self.graph.nodes.append(node)

    def finished(self) -> Graph:
        """The graph, once all nodes are in it."""
        self.graph.outputs = [self.newest[name] for name in sorted(self.unused)]
        self.graph.number_blobs()
        return self.graph

    def _connect_bottoms(self, node: Node) -> None:
        given, bottoms = len(node.message.propagate_down), node.message.bottom
        if given and given != len(bottoms):
            raise InputError(f"it gives `propagate_down` {given} times for {len(bottoms)} bottoms; give it once for "
                             "each, or not at all.")
        for i, name in enumerate(bottoms):
            if name not in self.unused:
                raise InputError(f"its bottom `{name}` (number {i}) is no free top of a layer before it; correct the "
                                 "name, or the order of the layers.")
            self.unused.discard(name)
            node.inputs.append(self.newest[name])
            self.newest[name].read_by(node)

    def _connect_tops(self, node: Node) -> None:
        bottoms = node.message.bottom
        for i, name in enumerate(node.message.top):
            if i < len(bottoms) and name == bottoms[i]:
                value = Value(node.inputs[i].blob, node, i)
            elif name in self.newest:
                other = self.newest[name].producer
                raise InputError(f"its top `{name}` is already the top of layer `{other.name}`; give it another name, "
                                 "or, to work in place, the name of its bottom.")
            else:
                value = Value(Blob(None, name), node, i)
            self.newest[name] = value
            self.unused.add(name)
            node.outputs.append(value)
            if node.type == "Input":
                self.graph.inputs.append(value)
