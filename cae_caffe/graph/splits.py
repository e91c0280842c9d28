"""Split layers where a top has several consumers (src/caffe/util/insert_splits.cpp), put in and left out.

A top's use as a loss counts as a consumer too: then the first output of its Split carries the loss weight.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from .. import schema
from ..errors import InputError
from ..schema import net_state
from .elements import Node, Value, layer_place
from .graph import Graph
from .missing import remedy_for

TopPlace = tuple[int, int]       # layer number, top number


def with_splits(net, lines: list[int | None], name: str, whole=None) -> tuple[Any, list[int | None]]:
    """The net with Split layers put in behind the layers whose tops need them, and the lines of all its layers.

    Raises InputError if a layer's bottom is no earlier layer's top, with `name` for the net's file, and with the states
    in which `whole`, the net with the layers of all states, has that top.
    """
    sources, uses, weights = _uses(net, lines, name, whole or net)
    result = schema.NetParameter()
    result.CopyFrom(net)
    del result.layer[:]
    new_lines: list[int | None] = []
    handed_out: Counter[TopPlace] = Counter()
    for i, (layer, line) in enumerate(zip(net.layer, lines)):
        copy = result.layer.add()
        copy.CopyFrom(layer)
        new_lines.append(line)
        for j, blob in enumerate(layer.bottom):
            place = sources[i, j]
            if uses[place] > 1:
                copy.bottom[j] = _split_blob(net, place, blob, handed_out[place])
                handed_out[place] += 1
        for j, blob in enumerate(layer.top):
            place = (i, j)
            if uses[place] > 1:
                _add_split(result.layer.add(), net, place, blob, uses[place], weights.get(place, 0))
                new_lines.append(line)
                if weights.get(place):
                    copy.ClearField("loss_weight")
                    handed_out[place] += 1
    return result, new_lines


def _uses(net, lines: list[int | None], name: str, whole):
    """Where each bottom comes from, how many consumers each top has, and the loss weights of tops."""
    sources: dict[tuple[int, int], TopPlace] = {}
    uses: Counter[TopPlace] = Counter()
    weights: dict[TopPlace, float] = {}
    producers: dict[str, TopPlace] = {}
    for i, layer in enumerate(net.layer):
        for j, blob in enumerate(layer.bottom):
            if blob not in producers:
                states = net_state.states_with(whole, blob)
                remedy = (f"layers with that top are for other states: {states}" if states else
                          remedy_for(blob, net.layer, i) or "correct the name, or the order of the layers")
                raise InputError(f"{layer_place(layer, name, lines[i])}: its bottom `{blob}` (number {j}) is the top "
                                 f"of no layer before it in this phase, level and stage; {remedy}.")
            sources[i, j] = producers[blob]
            uses[producers[blob]] += 1
        for j, blob in enumerate(layer.top):
            producers[blob] = (i, j)
        for blob, weight in zip(layer.top, layer.loss_weight):
            place = producers[blob]
            weights[place] = weight
            if weight:
                uses[place] += 1
    return sources, uses, weights


def _stem(net, place: TopPlace, blob: str) -> str:
    layer, top = place
    return f"{blob}_{net.layer[layer].name}_{top}_split"


def _split_blob(net, place: TopPlace, blob: str, number: int) -> str:
    return f"{_stem(net, place, blob)}_{number}"


def _add_split(split, net, place: TopPlace, blob: str, number: int, weight: float) -> None:
    split.name = _stem(net, place, blob)
    split.type = "Split"
    split.bottom.append(blob)
    split.top.extend(_split_blob(net, place, blob, k) for k in range(number))
    if weight:
        split.loss_weight.extend([weight] + [0] * (number - 1))


def without_splits(graph: Graph) -> Graph:
    """`graph` without its Split layers: who reads a copy is said to read the value that was copied.

    Split layers that the file itself has are left out as well, unless nobody reads one of their copies: that is an
    output of the net. Numbers, blobs and weights are those of `graph`; derive it once the graph is bound, if it is to
    be.
    """
    result = Graph(graph.message, graph.file)
    originals: dict[Value, Value] = {}
    for node in graph.nodes:
        if _is_left_out(node):
            originals.update((copy, originals[node.inputs[0]]) for copy in node.outputs)
            continue
        inputs = [originals[value] for value in node.inputs]
        twin = Node(node.number, _unsplit(node, inputs), node.file, node.line, inputs, weights=node.weights)
        for value in inputs:
            value.read_by(twin)
        twin.outputs = [Value(value.blob, twin, value.index) for value in node.outputs]
        originals.update(zip(node.outputs, twin.outputs))
        result.nodes.append(twin)
    result.blobs = list(dict.fromkeys(value.blob for node in result.nodes for value in node.outputs))
    result.inputs = [originals[value] for value in graph.inputs]
    result.outputs = list(dict.fromkeys(originals[value] for value in graph.outputs))
    return result


def _is_left_out(node: Node) -> bool:
    """Whether it is a Split of whose copies each is read, by a layer or as a loss."""
    weights = [*node.message.loss_weight, *[0] * len(node.outputs)]
    return node.type == "Split" and all(copy.consumers or weight for copy, weight in zip(node.outputs, weights))


def _unsplit(node: Node, inputs: list[Value]):
    """The message of `node` with the names of what it really reads, and the loss weights that its Splits took."""
    names = [value.name for value in inputs]
    weights = [_split_weight(value) for value in node.outputs]
    if names == list(node.message.bottom) and not any(weights):
        return node.message
    message = schema.LayerParameter()
    message.CopyFrom(node.message)
    message.bottom[:] = names
    if any(weights):
        message.loss_weight[:] = weights
    return message


def _split_weight(value: Value) -> float:
    return next((reader.message.loss_weight[0] for reader in value.consumers
                 if _is_left_out(reader) and reader.message.loss_weight), 0.0)
