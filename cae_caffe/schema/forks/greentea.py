"""F. Tschopp's fork (naibaf7/caffe, BVLC's branch opencl): U-nets for images of cells."""

from __future__ import annotations

from ..definitions import Enum, Field, Message
from .declaration import ForkLayer

MESSAGES = [
    Message("MergeCropParameter",
            Enum("MergeOp", ("STACK", "ADD")), Field("operation", "MergeOp", default="STACK"),
            Field("forward", "bool", repeated=True), Field("backward", "bool", repeated=True)),
    Message("MemoryDataParameter", Field("dim", "uint64", repeated=True)),
    Message("AffinityParameter", Field("offset", "int64", repeated=True)),
    Message("LayerParameter",
            Field("mergecrop_param", "MergeCropParameter"), Field("affinity_param", "AffinityParameter")),
]

LAYERS = {
    "Affinity": ForkLayer("naibaf7/caffe", "affinity", "NumPy"),
    "ConnectedComponent": ForkLayer("naibaf7/caffe", "connected_component", "SciPy"),
    "MalisLoss": ForkLayer("naibaf7/caffe", "malis_loss", "NumPy"),
    "MergeCrop": ForkLayer("naibaf7/caffe", "merge_crop", "NumPy", ("mergecrop_param",)),
}

V1_TYPES: dict[str, str] = {}
