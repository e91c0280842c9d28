"""Temporal Segment Networks' fork (yjxiong/caffe), which looks at several pieces of a video in one batch."""

from __future__ import annotations

from ..definitions import Enum, Field, Message
from .declaration import ForkLayer

MESSAGES = [
    Message("EltwiseParameter", Enum("EltwiseOp", {"STOCHASTIC_SUM": 3})),
    Message("ReductionParameter", Enum("ReductionOp", {"TOPK": 5}), Field("k", "int32", default=1)),
    Message("BatchReductionParameter",
            Field("level", "int32", repeated=True), Field("reduction_param", "ReductionParameter"),
            Field("pos", "bool", default=False)),
    Message("VideoDataParameter",
            Enum("Modality", ("RGB", "FLOW")),
            Field("source", "string"), Field("batch_size", "uint32"), Field("rand_skip", "uint32", default=0),
            Field("shuffle", "bool", default=False),
            Field("new_height", "uint32", default=0), Field("new_width", "uint32", default=0),
            Field("new_length", "uint32", default=1), Field("num_segments", "uint32", default=1),
            Field("modality", "Modality", default="FLOW"), Field("name_pattern", "string"),
            Field("grayscale", "bool", default=False)),
    Message("TransformationParameter",
            Field("is_flow", "bool", default=False),
            Field("fix_crop", "bool", default=False), Field("more_fix_crop", "bool", default=False),
            Field("multi_scale", "bool", default=False), Field("scale_ratios", "float", repeated=True),
            Field("max_distort", "int32", default=1)),
    Message("LayerParameter",
            Field("batch_reduction_param", "BatchReductionParameter"),
            Field("video_data_param", "VideoDataParameter")),
]

LAYERS = {
    "BatchReduction": ForkLayer("TSN", "batch_reduction", "NumPy"),
    "VideoData": ForkLayer("TSN", "video_data", "OpenCV"),
}

V1_TYPES: dict[str, str] = {}
