"""Split layers where a top has several consumers (src/caffe/util/insert_splits.cpp).

A top's use as a loss counts as a consumer too: then the first output of its Split carries the loss weight.
"""

from __future__ import annotations

from collections import Counter

from .. import schema
from ..errors import InputError
from .places import layer_place

TopPlace = tuple[int, int]       # layer number, top number


def with_splits(net, lines: list[int | None], name: str) -> tuple[object, list[int | None]]:
    """The net with Split layers put in behind the layers whose tops need them, and the lines of all its layers.

    Raises InputError if a layer's bottom is no earlier layer's top, with `name` for the net's file.
    """
    sources, uses, weights = _uses(net, lines, name)
    result = schema.NetParameter()
    result.CopyFrom(net)
    del result.layer[:]
    new_lines, handed_out = [], Counter()
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


def _uses(net, lines: list[int | None], name: str):
    """Where each bottom comes from, how many consumers each top has, and the loss weights of tops."""
    sources: dict[tuple[int, int], TopPlace] = {}
    uses: Counter = Counter()
    weights: dict[TopPlace, float] = {}
    producers: dict[str, TopPlace] = {}
    for i, layer in enumerate(net.layer):
        for j, blob in enumerate(layer.bottom):
            if blob not in producers:
                raise InputError(f"{layer_place(layer, name, lines[i])}: its bottom `{blob}` (number {j}) is the top "
                                 "of no layer before it in this phase, level and stage; correct the name, or the order "
                                 "of the layers.")
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
