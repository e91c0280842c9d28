"""What a layer is to a net that leaves Caffe: whether it computes, feeds, or only trains, scores and stores."""

from __future__ import annotations

from enum import Enum

from ..engine.layer import Layer
from ..engine.layers.accuracy import Accuracy
from ..engine.layers.loss import LossLayer
from ..graph import Node

VALUES = {"Parameter", "DummyData"}        # without bottoms, and yet part of what is computed
SCORES = {"DetectionEvaluate", "SegAccuracy"}
LABELS = {"BoxAnnotatorOHEM", "LabelSpecificMargin", "LabelSpecificRescale", "UniqueLabel"}    # ready a loss's bottoms


class Role(Enum):
    """Which part of an exported net a layer becomes."""

    INPUT = "its tops become inputs"
    COMPUTES = "it computes"
    SCORES = "it trains or scores, so it falls away, and what it reads are outputs"
    STORES = "it has no tops, so it falls away"


def role_of(node: Node, layer: Layer) -> Role:
    """The role of the engine's layer `layer`, which is the one of `node`."""
    if not node.inputs:
        return Role.COMPUTES if node.type in VALUES else Role.INPUT
    if isinstance(layer, (LossLayer, Accuracy)) or node.type in SCORES | LABELS or any(node.message.loss_weight):
        return Role.SCORES
    return Role.COMPUTES if node.outputs else Role.STORES
