"""What SENet (hujie-frank/SENet), ShuffleNet (farmingyard/ShuffleNet) and MobileNet (farmingyard/caffe-mobilenet,
yonghenglh6/DepthwiseConvolution, eric612/MobileNet-YOLO) need beyond Caffe 1.0.
"""

from __future__ import annotations

from ..definitions import Enum, Field, Message
from .declaration import ForkLayer

MESSAGES = [
    Message("ShuffleChannelParameter", Field("group", "uint32", default=1)),
    Message("LayerParameter",
            Field("shuffle_channel_param", "ShuffleChannelParameter"),
            Field("relu6_param", "ReLUParameter")),
    Message("V1LayerParameter",
            Enum("LayerType", {"RELU6": 61}),
            Field("relu6_param", "ReLUParameter")),
]

LAYERS = {
    "Axpy": ForkLayer("SENet", "axpy", "Caffe 1.0's Scale and Eltwise"),
    "ConvolutionDepthwise": ForkLayer("MobileNet", "depthwise", "Caffe 1.0's Convolution with `group`",
                                      ("convolution_param",)),
    "DepthwiseConvolution": ForkLayer("MobileNet", "depthwise", "Caffe 1.0's Convolution with `group`",
                                      ("convolution_param",)),
    "ReLU6": ForkLayer("MobileNet-YOLO", "relu6", "Caffe 1.0's ReLU and Clip", ("relu6_param",)),
    "ShuffleChannel": ForkLayer("ShuffleNet", "shuffle_channel", "PyTorch"),
}

V1_TYPES = {"RELU6": "ReLU6"}
