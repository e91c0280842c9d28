"""What forks add to layers that Caffe 1.0 has: fields whose default changes nothing."""

from __future__ import annotations

from ..definitions import Field, Message
from .declaration import ForkLayer

MESSAGES = [
    Message("DropoutParameter",
            Field("scale_train", "bool", default=True),                 # Fast R-CNN's, R-FCN's
            Field("sample_weights_test", "bool", default=False)),       # SegNet's, for Bayesian SegNet
    Message("PoolingParameter",
            Field("ceil_mode", "bool", default=True),       # BVLC's pull request 3057, which soeaver/caffe-model needs
            Field("dilation", "uint32", repeated=True)),                # naibaf7/caffe
]

LAYERS: dict[str, ForkLayer] = {}

V1_TYPES: dict[str, str] = {}
