"""Layers in place on memory that others share: in Caffe they change what is read elsewhere, and nowhere else.

Tops of Split, Flatten and Reshape layers share their bottom's memory, as do those of Concat and Slice layers that join
or part nothing. Where a layer works in place on one of them, each layer that reads another after it reads what was
written. And what a Parameter layer or a constant DummyData layer gives is written once, so that a layer in place on it
changes it further in each pass. No format has either, so such nets are refused.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ..errors import InputError
from ..graph import Blob, Graph, Node, Value

SHARE = {"Split", "Flatten", "Reshape"}
SHARE_ALONE = {"Concat", "Slice"}   # with one bottom and one top
LASTING = {"Parameter", "DummyData"}
CHANGE_NOTHING = {"Dropout"}        # at test time


def refuse_changed_copies(graph: Graph, needed: Collection[int], outputs: Sequence[Value]) -> None:
    """Raise InputError if a node of `graph`, which has its Split layers, reads what another wrote by shared memory.

    Also if a node works in place on what lasts from pass to pass. Of the nodes those count whose numbers are `needed`,
    and the `outputs`, as they are read when all have run.
    """
    memory: dict[Blob, Blob] = {}               # whose the memory of a blob is
    writers: dict[Blob, Node] = {}              # the last one in place, by that
    versions: dict[Value, Node | None] = {}     # the writer whose values a value has
    by_place: dict[tuple[int, int], Value] = {}
    lasting: dict[Blob, Node] = {}              # what wrote it, once
    for node in graph.nodes:
        for value in node.inputs if node.number in needed else ():
            _require_current(value, versions[value], writers.get(memory[value.blob]), f"{node.place} reads")
        for value in node.outputs:
            by_place[node.number, value.index] = value
            if _shares(node):
                memory[value.blob], versions[value] = memory[node.inputs[0].blob], versions[node.inputs[0]]
                continue
            memory.setdefault(value.blob, value.blob)
            if node.type in LASTING and node.number in needed:
                lasting[value.blob] = node
            if value.in_place and node.type not in CHANGE_NOTHING:
                writers[memory[value.blob]] = node
                _require_fresh(node, lasting.get(memory[value.blob]))
            versions[value] = writers.get(memory[value.blob])
    for output in outputs:
        value = by_place[output.producer.number, output.index]
        _require_current(value, versions[value], writers.get(memory[value.blob]), f"{graph.file} gives")


def _shares(node: Node) -> bool:
    return bool(node.inputs) and (node.type in SHARE or
                                  (node.type in SHARE_ALONE and len(node.inputs) == len(node.outputs) == 1))


def _require_fresh(writer: Node, origin: Node | None) -> None:
    if origin is not None:
        raise InputError(f"{writer.place} works in place on what {origin.place} gives, which is written once, so that "
                         f"each pass changes it further; give `{writer.name}` a top of another name.")


def _require_current(value: Value, version: Node | None, writer: Node | None, whose: str) -> None:
    if version is not writer and writer is not None:
        raise InputError(f"{whose} `{value.name}` after {writer.place} has changed it, which works in place on a copy "
                         f"that shares its memory; give `{writer.name}` a top of another name.")
