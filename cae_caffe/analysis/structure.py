"""What a net is made of, read from pycaffe's surface: its layers and the blobs between them.

Caffe inserts a Split layer where several layers read one blob. The file does not have it and its tops are copies,
so it is left out here, and a layer that reads a copy is said to read the blob itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

from ..errors import InputError
from ..families import code_blobs


@dataclass(frozen=True)
class Layer:
    """A layer, the names of the blobs it reads and writes, and its parameters (blobs of pycaffe; weights first)."""

    name: str
    type: str
    bottoms: tuple[str, ...]
    tops: tuple[str, ...]
    parameters: tuple[Any, ...]


def layers_of(net) -> list[Layer]:
    """All layers of `net` in the order in which they run, but for Split layers."""
    # By position, not by name: Caffe allows two layers of one name (its own auto-encoder example has two `loss`).
    names = list(net.blobs)
    original, layers = {}, []
    for index, layer in enumerate(net.layers):
        bottoms = tuple(original.get(names[i], names[i]) for i in net._bottom_ids(index))
        tops = tuple(names[i] for i in net._top_ids(index))
        if layer.type == "Split":
            original.update((top, bottoms[0]) for top in tops)
        else:
            layers.append(Layer(net._layer_names[index], layer.type, bottoms, tops, tuple(layer.blobs)))
    return layers


def own_parameters(layers) -> list[list[int]]:
    """For each of `layers`, the positions of those of its parameters that no earlier one has.

    Layers that share a parameter have a blob each, over the same memory.
    """
    # By address; the arrays are kept so that none takes the place of another while this looks.
    seen: dict[int, Any] = {}
    owned = []
    for layer in layers:
        arrays = {at: blob.data for at, blob in enumerate(layer.parameters)}
        new = {at: array for at, array in arrays.items() if _address(array) not in seen}
        seen.update((_address(array), array) for array in new.values())
        owned.append(list(new))
    return owned


def writers(layers) -> dict[str, Layer]:
    """The layer behind the final value of each blob, in the blobs' order: of layers in place, the last one."""
    return {top: layer for layer in layers for top in layer.tops}


def writer_of(net, blob, net_file) -> Layer:
    """The layer behind the final value of `blob`; raises `InputError` that lists the net's blobs if it is none."""
    found = writers(layers_of(net))
    if blob not in found:
        raise InputError(f"{net_file}: no blob `{blob}` in this net; it has {', '.join(found)}.")
    return found[blob]


def width(net, blob) -> int:
    """Elements of `blob` for one image: those of all its axes but the first (1 for a scalar or a vector)."""
    return prod(tuple(net.blobs[blob].shape)[1:])


def code_blob(net) -> str | None:
    """The blob that holds an image's code, or None if there is none.

    That is one named as the presets name their codes (`ip2encode`, `encode4`), which stay codes however many dimensions
    they have, if the net has such a blob, else its narrowest one: the one with the fewest elements an image, the first
    of equals. Only blobs that a layer computes and that have a row for each image of the batch (the first axis of the
    net's first blob) are candidates.
    """
    for name in code_blobs():
        if name in net.blobs:
            return name
    batch = tuple(next(iter(net.blobs.values())).shape)[:1]
    candidates = [blob for blob, layer in writers(layers_of(net)).items()
                  if layer.bottoms and len(net.blobs[blob].shape) > 1 and tuple(net.blobs[blob].shape)[:1] == batch]
    return min(candidates, key=lambda blob: width(net, blob), default=None)


def _address(array):
    return array.__array_interface__["data"][0]
