"""What forks add to layers that Caffe 1.0 has: fields whose default changes nothing."""

from __future__ import annotations

from ..definitions import Field, Message
from .declaration import FURTHER, ForkLayer

MESSAGES = [
    Message("DropoutParameter",
            Field("scale_train", "bool", default=True),                 # Fast R-CNN's, R-FCN's
            Field("sample_weights_test", "bool", default=False)),       # SegNet's, for Bayesian SegNet
    Message("PoolingParameter",
            Field("ceil_mode", "bool", default=True),       # BVLC's pull request 3057, which soeaver/caffe-model needs
            # naibaf7/caffe's, which has three fields of Caffe 1.0 once for each axis: what comes after the first.
            Field("dilation", "uint32", repeated=True),
            Field(f"{FURTHER}kernel_size", "uint32", repeated=True), Field(f"{FURTHER}stride", "uint32", repeated=True),
            Field(f"{FURTHER}pad", "uint32", repeated=True)),
    # Of its first axis on, in the place of batch_size, channels, height and width.
]

LAYERS: dict[str, ForkLayer] = {}

V1_TYPES: dict[str, str] = {}
