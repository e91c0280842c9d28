"""A graph and a net that runs: shapes, arrays and parameters come from the net."""

from __future__ import annotations

from ..errors import InputError
from .elements import Node
from .graph import Graph


def bind(graph: Graph, net) -> Graph:
    """Let `graph` know the shapes, arrays, loss weights and parameters of `net`; returns it.

    `net` is of pycaffe's surface, real Caffe's or the embedded engine's, made from the same definition in the same
    phase, level and stages; its layers and blobs are found by number and compared by name. Raises InputError if they
    are others than the graph's.
    """
    # Only pycaffe's underscored names tell of layers and blobs by number, which two of one name need.
    names, layers = list(net._layer_names), net.layers
    if len(names) != len(graph.nodes):
        raise InputError(f"{graph.file}: the net has {len(names)} layers, and its definition gives {len(graph.nodes)}; "
                         "if the file has changed meanwhile, start again.")
    for node, name, layer in zip(graph.nodes, names, layers):
        if (node.name, node.type) != (name, layer.type):
            raise _other(node, f"layer `{name}` (type {layer.type})")
        tops = list(net._top_ids(node.number))
        graph.add_unnamed_tops(node, len(tops))
        bottoms = list(net._bottom_ids(node.number))
        if ([value.blob.number for value in node.inputs], [value.blob.number for value in node.outputs]) != (
                bottoms, tops):
            raise _other(node, f"a layer from blobs {bottoms} to {tops}")
        graph.fill_weights(node, list(layer.blobs))
    for blob, source, weight in zip(graph.blobs, net._blobs, net._blob_loss_weights):
        blob.source, blob.loss_weight = source, float(weight)
    return graph


def _other(node: Node, found: str) -> InputError:
    return InputError(f"{node.place}: the net has {found} in its place; if the file has changed meanwhile, start "
                      "again.")
