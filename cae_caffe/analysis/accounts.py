"""Parameter and size accounts of a net: Tables 2 and 3 of the paper, for any net."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from .structure import Layer, code_blob, layers_of, own_parameters, width

# The layers whose outputs the paper counts as hidden layers (section 3: feature maps and neurons).
LEARNED_TYPES = ("Convolution", "Deconvolution", "InnerProduct")


@dataclass(frozen=True)
class Account:
    """One layer: shapes as Caffe has them, the parameters that are its own, and elements of its tops for one image.

    `parameter_shapes` has all its parameter blobs, weights first; `parameters` counts only those whose memory no
    earlier layer holds, so that weights shared by two layers are counted once.
    """

    layer: Layer
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


def accounts(net) -> list[Account]:
    """An account of every layer of `net` but Split layers."""
    layers = layers_of(net)
    return [_account(net, layer, own) for layer, own in zip(layers, own_parameters(layers))]


def learned(rows) -> list[Account]:
    """The convolutions, deconvolutions and inner products among `rows`."""
    return [row for row in rows if row.layer.type in LEARNED_TYPES]


def hidden_sizes(rows) -> list[int]:
    """Elements for one image in each hidden layer: every learned layer but the last, which is the output.

    Their sum is the paper's "CAE size" (Table 2; 3996 for Model 1 with N = 2) and Table 1's auto-encoder size.
    """
    return [row.elements for row in learned(rows)[:-1]]


def halves(net, rows) -> Halves | None:
    """`rows` cut behind the layer that makes the code, or None if this is no auto-encoder.

    It is one if its last learned layer has as many elements as the input, and the code comes earlier and has fewer.
    """
    steps, code = learned(rows), code_blob(net)
    if not steps or code is None:
        return None
    image = width(net, next(iter(net.blobs)))
    cut = next((at for at, row in enumerate(steps, 1) if code in row.layer.tops), len(steps))
    if cut == len(steps) or steps[-1].elements != image or width(net, code) >= image:
        return None
    return Halves(code, tuple(steps[:cut]), tuple(steps[cut:]))


def total(rows) -> int:
    """Parameters of all `rows`, shared ones once."""
    return sum(row.parameters for row in rows)


def _account(net, layer, own):
    shapes = tuple(tuple(blob.shape) for blob in layer.parameters)
    return Account(layer, _shapes(net, layer.bottoms), _shapes(net, layer.tops), shapes,
                   sum(prod(shapes[at]) for at in own), sum(width(net, top) for top in layer.tops))


def _shapes(net, names):
    return tuple(tuple(net.blobs[name].shape) for name in names)
