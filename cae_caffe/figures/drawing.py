"""What a drawing says of a net: a box for each layer, with words and sizes, and the boxes that it reads from."""

from __future__ import annotations

from dataclasses import dataclass

from ..analysis.accounts import accounts, halves
from ..graph import Graph, Node
from .layers import size

MAPS = {"Convolution": 0, "Deconvolution": 1}       # the axis of the weights along which the output's maps lie
# Layers of neurons, and the field of LayerParameter that says how many.
NEURONS = {"InnerProduct": "inner_product_param", "LSTM": "recurrent_param", "RNN": "recurrent_param"}


@dataclass(frozen=True)
class Box:
    """A layer: its `details` in words, the shape of its first top for one image, and where its bottoms come from.

    `sources` are (position in the drawing's list of boxes, blob), a pair for each bottom. `shares` is the earlier layer
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
class Drawing:
    """Boxes in the order in which they run, the net's number of parameters, and the code's box of an auto-encoder."""

    boxes: list[Box]
    parameters: int
    code: int | None


def drawing_of(graph: Graph) -> Drawing:
    """What to draw of `graph`, which is bound to a net and has no Split layers."""
    rows = accounts(graph)
    parts = halves(graph, rows)
    position = {node: at for at, node in enumerate(graph.nodes)}
    boxes = []
    for node, row in zip(graph.nodes, rows):
        sources = tuple((position[value.producer], value.name) for value in node.inputs)
        shape = row.top_shapes[0][1:] if row.top_shapes else ()
        owner = node.weights[0].owner if node.weights else None
        boxes.append(Box(node.name, node.type, _details(node), shape, sources, owner.layer if owner else ""))
    code = None if parts is None else next(at for at, box in enumerate(graph.nodes) if parts.code in box.tops)
    return Drawing(boxes, sum(row.parameters for row in rows), code)


def ranks(boxes) -> list[int]:
    """For each box the number of edges on the longest way to it from one without bottoms."""
    found: list[int] = []
    for box in boxes:
        found.append(max((found[source] + 1 for source, _ in box.sources), default=0))
    return found


def ancestors(boxes, start) -> set[int]:
    """`start` and all boxes from which there is a way to it."""
    found = {start}
    for at in range(start, -1, -1):
        if at in found:
            found.update(source for source, _ in boxes[at].sources)
    return found


def descendants(boxes, start) -> set[int]:
    """All boxes to which there is a way from `start`, without `start` itself."""
    found = {start}
    for at, box in enumerate(boxes):
        if any(source in found for source, _ in box.sources):
            found.add(at)
    return found - {start}


def _details(node: Node) -> str:
    """The layer's type, and its kernel and number of maps, or of neurons."""
    words = [node.type]
    if node.type in MAPS and len(node.weights[0].shape) == 4:
        shape = node.weights[0].shape
        # A deconvolution's outputs come second, without the groups.
        maps = shape[MAPS[node.type]] * (node.param.convolution_param.group if MAPS[node.type] else 1)
        words.append(f"{shape[2]}x{shape[3]}, {maps} {'map' if maps == 1 else 'maps'}")
    elif node.type in NEURONS:
        count = getattr(node.param, NEURONS[node.type]).num_output
        words.append(f"{count} {'neuron' if count == 1 else 'neurons'}")
    elif node.type == "Pooling":
        words.append(_pooling(node.param.pooling_param))
    return " \u00b7 ".join(words)


def _pooling(param) -> str:
    kind = param.pool.lower()
    if param.global_pooling:
        return f"{kind} of all"
    height, width = (param.kernel_size,) * 2 if param.has("kernel_size") else (param.kernel_h, param.kernel_w)
    return f"{kind} of {height}x{width}"
