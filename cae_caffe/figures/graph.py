"""A net as a graph of layers, each with what a drawing says of it."""

from __future__ import annotations

from dataclasses import dataclass

from .. import schema
from ..analysis.accounts import accounts, halves
from ..analysis.structure import layers_of
from .layers import size

MAPS = {"Convolution": 0, "Deconvolution": 1}       # the axis of the weights along which the output's maps lie


@dataclass(frozen=True)
class Node:
    """A layer: its `details` in words, the shape of its first top for one image, and where its bottoms come from.

    `sources` are (position in the net's list of nodes, blob), a pair for each bottom. `shares` is the earlier layer
    whose weights it has, or nothing.
    """

    name: str
    type: str
    details: str
    shape: tuple[int, ...]
    sources: tuple[tuple[int, str], ...]
    shares: str = ""

    @property
    def size(self) -> str:
        """The first top's size as the paper writes it, 20x20x8; nothing for a layer without tops or rows."""
        return size(self.shape) if self.shape else ""

    @property
    def row(self) -> int:
        """Length of the first top if it is one row of numbers, or maps of 1x1, which are no more; else 0."""
        return self.shape[0] if self.shape and set(self.shape[1:]) <= {1} and len(self.shape) != 2 else 0

    @property
    def is_loss(self) -> bool:
        return self.type.endswith("Loss")


@dataclass(frozen=True)
class Graph:
    """Nodes in the order in which they run, the net's number of parameters, and the code's node of an auto-encoder."""

    nodes: list[Node]
    parameters: int
    code: int | None


def graph_of(net, net_file) -> Graph:
    """The graph of `net`, a pycaffe net made from the prototxt `net_file`, without Split layers."""
    layers, rows = layers_of(net), accounts(net)
    parts = halves(net, rows)
    messages = {layer.name: layer for layer in schema.read_net(str(net_file)).layer}
    # Of layers that work in place on a blob, a reader's source is the last before it.
    writer: dict[str, int] = {}
    nodes, homes = [], {}
    for at, (layer, row) in enumerate(zip(layers, rows)):
        sources = tuple((writer[blob], blob) for blob in layer.bottoms)
        shape = row.top_shapes[0][1:] if row.top_shapes else ()
        nodes.append(Node(layer.name, layer.type, _details(layer, messages[layer.name]), shape, sources,
                          _home(layer, homes)))
        writer.update((top, at) for top in layer.tops)
    code = None if parts is None else next(at for at, layer in enumerate(layers) if parts.code in layer.tops)
    return Graph(nodes, sum(row.parameters for row in rows), code)


def ranks(nodes) -> list[int]:
    """For each node the number of edges on the longest way to it from a node without bottoms."""
    found: list[int] = []
    for node in nodes:
        found.append(max((found[source] + 1 for source, _ in node.sources), default=0))
    return found


def ancestors(nodes, start) -> set[int]:
    """`start` and all nodes from which there is a way to it."""
    found = {start}
    for at in range(start, -1, -1):
        if at in found:
            found.update(source for source, _ in nodes[at].sources)
    return found


def descendants(nodes, start) -> set[int]:
    """All nodes to which there is a way from `start`, without `start` itself."""
    found = {start}
    for at, node in enumerate(nodes):
        if any(source in found for source, _ in node.sources):
            found.add(at)
    return found - {start}


def _details(layer, message) -> str:
    """The layer's type, and its kernel and number of maps, or of neurons."""
    words = [layer.type]
    if layer.type in MAPS and layer.parameters[0].data.ndim == 4:
        shape = layer.parameters[0].data.shape
        # A deconvolution's outputs come second, without the groups.
        maps = shape[MAPS[layer.type]] * (message.convolution_param.group if MAPS[layer.type] else 1)
        words.append(f"{shape[2]}x{shape[3]}, {maps} {'map' if maps == 1 else 'maps'}")
    elif layer.type == "InnerProduct":
        count = message.inner_product_param.num_output
        words.append(f"{count} {'neuron' if count == 1 else 'neurons'}")
    elif layer.type == "Pooling":
        words.append(_pooling(message.pooling_param))
    return " \u00b7 ".join(words)


def _home(layer, homes) -> str:
    """The earlier layer whose weights lie in the same memory, if there is one; `homes` remembers where all lie."""
    if not layer.parameters:
        return ""
    home = homes.setdefault(layer.parameters[0].data.__array_interface__["data"][0], layer.name)
    return "" if home == layer.name else home


def _pooling(param) -> str:
    kind = schema.PoolingParameter.PoolMethod.Name(param.pool).lower()
    if param.global_pooling:
        return f"{kind} of all"
    height, width = (param.kernel_size,) * 2 if param.HasField("kernel_size") else (param.kernel_h, param.kernel_w)
    return f"{kind} of {height}x{width}"
