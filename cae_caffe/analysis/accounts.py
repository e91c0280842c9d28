"""Parameter and size accounts of a net: Tables 2 and 3 of the paper, for any net."""

from __future__ import annotations

from dataclasses import dataclass

from ..graph import Graph, Node, Value
from .structure import code_blob

# The layers whose outputs the paper counts as hidden layers (section 3: feature maps and neurons), and recurrent ones.
LEARNED_TYPES = ("Convolution", "Deconvolution", "InnerProduct", "LSTM", "RNN")


@dataclass(frozen=True)
class Account:
    """One layer: shapes as Caffe has them, the parameters that are its own, and elements of its tops for one image.

    `parameter_shapes` has all its parameter blobs, weights first; `parameters` counts only those that no earlier layer
    owns, so that weights shared by two layers are counted once.
    """

    node: Node
    bottom_shapes: tuple[tuple[int, ...], ...]
    top_shapes: tuple[tuple[int, ...], ...]
    parameter_shapes: tuple[tuple[int, ...], ...]
    parameters: int
    elements: int


@dataclass(frozen=True)
class Halves:
    """An auto-encoder cut behind its code: the learned layers of either side."""

    code: str
    encoder: tuple[Account, ...]
    decoder: tuple[Account, ...]


def accounts(graph: Graph) -> list[Account]:
    """An account of every layer of `graph`, which has no Split layers and is bound to a net."""
    return [_account(node) for node in graph.nodes]


def learned(rows) -> list[Account]:
    """The convolutions, deconvolutions, inner products and recurrent layers among `rows`."""
    return [row for row in rows if row.node.type in LEARNED_TYPES]


def hidden_sizes(rows) -> list[int]:
    """Elements for one image in each hidden layer: every learned layer but the last, which is the output.

    Their sum is the paper's "CAE size" (Table 2; 3996 for Model 1 with N = 2) and Table 1's auto-encoder size.
    """
    return [row.elements for row in learned(rows)[:-1]]


def halves(graph: Graph, rows) -> Halves | None:
    """`rows` cut behind the layer that makes the code, or None if this is no auto-encoder.

    It is one if its last learned layer has as many elements as the input, and the code comes earlier and has fewer.
    """
    steps, code = learned(rows), code_blob(graph)
    if not steps or code is None:
        return None
    image = graph.blobs[0].row_size
    cut = next((at for at, row in enumerate(steps, 1) if code in row.node.tops), len(steps))
    if cut == len(steps) or steps[-1].elements != image or graph.finals[code].blob.row_size >= image:
        return None
    return Halves(code, tuple(steps[:cut]), tuple(steps[cut:]))


def total(rows) -> int:
    """Parameters of all `rows`, shared ones once."""
    return sum(row.parameters for row in rows)


def _account(node: Node) -> Account:
    return Account(node, _shapes(node.inputs), _shapes(node.outputs), tuple(weight.shape for weight in node.weights),
                   sum(weight.count for weight in node.weights if weight.owner is None),
                   sum(value.blob.row_size for value in node.outputs))


def _shapes(values: list[Value]) -> tuple[tuple[int, ...], ...]:
    return tuple(value.shape for value in values)
