"""HED's Caffe (s9xie/hed), and DeepSkeleton's (zeakey/DeepSkeleton), which is made of it."""

from __future__ import annotations

from ..definitions import Field, Message
from .declaration import ForkLayer

MESSAGES = [
    Message("RescaleParameter", Field("rf", "uint32", default=1)),
    Message("LayerParameter", Field("rescale_param", "RescaleParameter")),
]

LAYERS: dict[str, ForkLayer] = {
    "ClassBalancedSigmoidCrossEntropyLoss": ForkLayer("HED", "class_balanced_loss", "NumPy"),
    "ClassBalancedSoftmaxWithLoss": ForkLayer("DeepSkeleton", "class_balanced_softmax", "NumPy",
                                              ("loss_param", "softmax_param")),
    "Quantize": ForkLayer("DeepSkeleton", "quantize", "NumPy"),
    "Rescale": ForkLayer("DeepSkeleton", "rescale", "NumPy"),
    "SigmoidEuclideanLoss": ForkLayer("DeepSkeleton", "sigmoid_euclidean_loss", "NumPy"),
}

V1_TYPES: dict[str, str] = {}
