"""NVIDIA's fork (NVIDIA/caffe): in what precision a net computes and is stored, and how a learning rate goes."""

from __future__ import annotations

from ..definitions import Enum, Field, Message
from .declaration import ForkLayer

_TYPE = "NetParameter.Type"

MESSAGES = [
    # Values of any of three precisions as bytes: NVIDIA's Caffe writes all weights so, OpenCV's shrinkCaffeModel those
    # of 16 bits. The numbers are theirs, for no other Caffe has any in this message (see blob_values.py).
    Message("BlobProto", Field("raw_data_type", _TYPE, 10), Field("raw_data", "bytes", 12)),
    # Numbers are of 32 bits here, whatever is asked for, and losses need no scale that keeps small gradients from 0.
    Message("NetParameter",
            Enum("Type", ("DOUBLE", "FLOAT", "FLOAT16", "INT", "UINT", "BOOL")),
            *(Field(f"default_{name}", _TYPE, default="FLOAT")
              for name in ("forward_type", "backward_type", "forward_math", "backward_math")),
            Field("global_grad_scale", "float", default=1.0),
            Field("global_grad_scale_adaptive", "bool", default=False)),
    Message("LayerParameter",
            *(Field(name, _TYPE, default="FLOAT")
              for name in ("forward_type", "backward_type", "forward_math", "backward_math"))),
    # Records are read as they are needed; `shuffle` is refused.
    Message("DataParameter",
            Field("cache", "bool", default=False), Field("precache", "bool", default=False),
            Field("shuffle", "bool", default=False)),
    Message("SolverParameter",
            Field("rampup_interval", "int32", default=0), Field("rampup_lr", "float", default=0.0),
            Field("min_lr", "float", default=0.0)),
]

LAYERS: dict[str, ForkLayer] = {}

V1_TYPES: dict[str, str] = {}
