"""What a layer is to a net that leaves Caffe: whether it computes, feeds, or only trains, scores and stores."""

from __future__ import annotations

from enum import Enum
from typing import Any

from ..engine.layer import Layer
from ..engine.layers.accuracy import Accuracy
from ..engine.layers.loss import LossLayer
from ..graph import Node, Value

VALUES = {"Parameter", "DummyData"}        # without bottoms, and yet part of what is computed
SCORES = {"DetectionEvaluate", "SegAccuracy"}
LABELS = {"BoxAnnotatorOHEM", "LabelSpecificMargin", "LabelSpecificRescale", "UniqueLabel"}    # ready a loss's bottoms


class Role(Enum):
    """Which part of an exported net a layer becomes."""

    INPUT = "its tops become inputs"
    COMPUTES = "it computes"
    SCORES = "it trains or scores, so it falls away, and the predictions that it reads are outputs"
    STORES = "it has no tops, so it falls away"


def role_of(node: Node, layer: Layer) -> Role:
    """The role of the engine's layer `layer`, which is the one of `node`."""
    if not node.inputs:
        return Role.COMPUTES if node.type in VALUES and not _draws(node, layer) else Role.INPUT
    if _is_loss(node):
        return Role.SCORES
    role = role_of_type(type(layer))
    return role if node.outputs or role is Role.SCORES else Role.STORES


def role_of_type(layer_class: type[Layer]) -> Role:
    """The role of layers of a class, if it hangs on nothing else: `role_of` knows the layer."""
    name = layer_class.type
    if layer_class.bottoms.most == 0:
        return Role.COMPUTES if name in VALUES else Role.INPUT
    if issubclass(layer_class, (LossLayer, Accuracy)) or name in SCORES | LABELS:
        return Role.SCORES
    return Role.STORES if layer_class.tops.most == 0 else Role.COMPUTES


def _draws(node: Node, layer: Any) -> bool:
    """Whether it gives other values in each pass: what stands for data that are missing."""
    return node.type == "DummyData" and any(filler.type != "constant" for filler in layer.fillers)


def _is_loss(node: Node) -> bool:
    """Whether a layer of another type, such as Reduction or Python, is a loss: one of weight, which nobody reads."""
    read = any(consumer.outputs for value in node.outputs for consumer in value.consumers)
    return any(node.message.loss_weight) and not read


def predictions(node: Node) -> list[Value]:
    """Of what a layer reads that trains or scores, what may be predicted: not where it says that no gradient goes."""
    goes = list(node.message.propagate_down) or [True] * len(node.inputs)
    return [value for value, there in zip(node.inputs, goes) if there]
