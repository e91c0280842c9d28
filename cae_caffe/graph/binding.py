"""A graph and a net that runs: shapes, arrays and parameters come from the net."""

from __future__ import annotations

from ..errors import InputError
from . import by_number
from .elements import Node
from .graph import Graph


def bind(graph: Graph, net) -> Graph:
    """Let `graph` know the shapes, arrays, loss weights and parameters of `net`; returns it.

    `net` is of pycaffe's surface, real Caffe's or the embedded engine's, made from the same definition in the same
    phase, level and stages; its layers and blobs are found by number and compared by name. Raises InputError if they
    are others than the graph's.
    """
    names, layers = by_number.layer_names(net), net.layers
    if len(names) != len(graph.nodes):
        raise InputError(f"{graph.file}: the net has {len(names)} layers, and its definition gives {len(graph.nodes)}; "
                         "if the file has changed meanwhile, start again.")
    for node, name, layer in zip(graph.nodes, names, layers):
        if (node.name, node.type) != (name, layer.type):
            raise _other(node, f"layer `{name}` (type {layer.type})")
        tops = by_number.top_ids(net, node.number)
        graph.add_unnamed_tops(node, len(tops))
        bottoms = by_number.bottom_ids(net, node.number)
        if ([value.blob.number for value in node.inputs], [value.blob.number for value in node.outputs]) != (
                bottoms, tops):
            raise _other(node, f"a layer from blobs {bottoms} to {tops}")
        graph.fill_weights(node, list(layer.blobs))
    for blob, source, weight in zip(graph.blobs, by_number.blobs(net), by_number.loss_weights(net)):
        blob.source, blob.loss_weight = source, weight
    return graph


def _other(node: Node, found: str) -> InputError:
    return InputError(f"{node.place}: the net has {found} in its place; if the file has changed meanwhile, start "
                      "again.")
