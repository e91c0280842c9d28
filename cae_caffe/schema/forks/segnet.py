"""SegNet's fork (alexgkendall/caffe-segnet), whose layers ENet has too, and H. Noh's of 2015, from which they come
(HyeonwooNoh/caffe). What a message means beyond its fields is said where the layer is computed.
"""

from __future__ import annotations

from ..definitions import Enum, Field, Message
from .declaration import ForkLayer

MESSAGES = [
    Message("UnpoolingParameter",
            Enum("UnpoolMethod", ("MAX", "AVE", "TILE")),
            Field("unpool", "UnpoolMethod", default="MAX"),
            Field("pad", "uint32", default=0), Field("pad_h", "uint32", default=0), Field("pad_w", "uint32", default=0),
            Field("kernel_size", "uint32"), Field("kernel_h", "uint32"), Field("kernel_w", "uint32"),
            Field("stride", "uint32", default=1), Field("stride_h", "uint32"), Field("stride_w", "uint32"),
            Field("unpool_size", "uint32"), Field("unpool_h", "uint32"), Field("unpool_w", "uint32")),
    Message("LayerParameter", Field("unpooling_param", "UnpoolingParameter")),
    Message("V1LayerParameter",
            Enum("LayerType", {"UNPOOLING": 42}),
            Field("unpooling_param", "UnpoolingParameter")),
]

LAYERS: dict[str, ForkLayer] = {
}

V1_TYPES = {"UNPOOLING": "Unpooling"}
