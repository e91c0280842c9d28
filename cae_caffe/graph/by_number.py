"""A net's layers and blobs by number, for two of a net may have one name: of either engine's nets, in Caffe's order.

Here alone stand the underscored names under which pycaffe tells of them, the only way to them that real Caffe has.
Numbers count from 0, Split layers included; `net` is of pycaffe's surface (`backend_protocol.Net`).
"""

# ruff: noqa: SLF001 -- pycaffe's underscored names are what this module is for

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def layer_names(net) -> list[str]:
    """The layers' names."""
    return list(net._layer_names)


def blobs(net) -> Sequence[Any]:
    """The blobs, pycaffe's `Blob`s."""
    return net._blobs


def loss_weights(net) -> list[float]:
    """What each blob counts in the loss."""
    return [float(weight) for weight in net._blob_loss_weights]


def bottom_ids(net, layer: int) -> list[int]:
    """The numbers of the blobs that the layer reads."""
    return list(net._bottom_ids(layer))


def top_ids(net, layer: int) -> list[int]:
    """The numbers of the blobs that the layer writes, those without a name included."""
    return list(net._top_ids(layer))


def forward(net, first: int, last: int) -> float:
    """Run the layers from `first` to `last` (inclusive) forward; returns the loss of those."""
    return net._forward(first, last)


def backward(net, first: int, last: int) -> None:
    """Run the layers from `first` back to `last` (inclusive) backward."""
    net._backward(first, last)
