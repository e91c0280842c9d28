"""SegNet's fork (alexgkendall/caffe-segnet), whose layers ENet has too, and H. Noh's of 2015, from which they come
(HyeonwooNoh/caffe). What a message means beyond its fields is said where the layer is computed.

Two messages of other forks have the names of theirs, and so are here as well: bn_param of PSPNet, ICNet and TSN
(hszhao/PSPNet, yjxiong/caffe), and upsample_param of YOLO (eric612/MobileNet-YOLO), which has `scale` alone.
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
            Field("unpool_size", "uint32"), Field("unpool_h", "uint32"), Field("unpool_w", "uint32"),
            Enum("Engine", ("DEFAULT", "CAFFE")), Field("engine", "Engine", default="DEFAULT")),
    # Those of SegNet, and from slope_filler on those of PSPNet.
    Message("BNParameter",
            Field("scale_filler", "FillerParameter"), Field("shift_filler", "FillerParameter"),
            Enum("BNMode", ("LEARN", "INFERENCE")), Field("bn_mode", "BNMode", default="LEARN"),
            Field("slope_filler", "FillerParameter"), Field("bias_filler", "FillerParameter"),
            Field("momentum", "float", default=0.9), Field("eps", "float", default=1e-5),
            Field("frozen", "bool", default=False),
            Enum("Engine", ("DEFAULT", "CAFFE", "CUDNN")), Field("engine", "Engine", default="DEFAULT")),
    # SegNet's scale is 2 if it is not given, YOLO's 1.
    Message("UpsampleParameter",
            Field("scale", "uint32"), Field("scale_h", "uint32"), Field("scale_w", "uint32"),
            Field("pad_out_h", "bool", default=False), Field("pad_out_w", "bool", default=False),
            Field("upsample_h", "uint32"), Field("upsample_w", "uint32")),
    Message("EltwiseAccuracyParameter", Field("top_k", "uint32", default=1), Field("ignore_label", "int32")),
    Message("LayerParameter",
            Field("bn_param", "BNParameter"), Field("unpooling_param", "UnpoolingParameter"),
            Field("upsample_param", "UpsampleParameter"), Field("eltwise_accuracy_param", "EltwiseAccuracyParameter")),
    Message("V1LayerParameter",
            Enum("LayerType", {"ELTWISE_ACCURACY": 41, "CROP": 40, "UNPOOLING": 42, "BN": 43}),
            Field("eltwise_accuracy_param", "EltwiseAccuracyParameter"),
            Field("bn_param", "BNParameter"), Field("unpooling_param", "UnpoolingParameter")),
]

LAYERS: dict[str, ForkLayer] = {
    "BN": ForkLayer("SegNet, PSPNet", "bn", "NumPy"),
    "EltwiseAccuracy": ForkLayer("HyeonwooNoh/caffe", "eltwise_accuracy", "Caffe 1.0's Accuracy"),
    "Unpooling": ForkLayer("HyeonwooNoh/caffe", "unpooling", "NumPy"),
    "Upsample": ForkLayer("SegNet, YOLO", "upsample", "NumPy"),
}

V1_TYPES = {"BN": "BN", "CROP": "Crop", "ELTWISE_ACCURACY": "EltwiseAccuracy", "UNPOOLING": "Unpooling"}
