"""Temporal Segment Networks' fork (yjxiong/caffe), which looks at several pieces of a video in one batch."""

from __future__ import annotations

from ..definitions import Enum, Field, Message
from .declaration import ForkLayer

MESSAGES = [
    Message("ReductionParameter", Enum("ReductionOp", {"TOPK": 5}), Field("k", "int32", default=1)),
    Message("BatchReductionParameter",
            Field("level", "int32", repeated=True), Field("reduction_param", "ReductionParameter"),
            Field("pos", "bool", default=False)),
    Message("LayerParameter", Field("batch_reduction_param", "BatchReductionParameter")),
]

LAYERS = {
    "BatchReduction": ForkLayer("TSN", "batch_reduction", "NumPy"),
}

V1_TYPES: dict[str, str] = {}
