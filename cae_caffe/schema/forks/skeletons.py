"""DeepSkeleton's Caffe (zeakey/DeepSkeleton), made of HED's."""

from __future__ import annotations

from ..definitions import Field, Message
from .declaration import ForkLayer

MESSAGES = [
    Message("RescaleParameter", Field("rf", "uint32", default=1)),
    Message("LayerParameter", Field("rescale_param", "RescaleParameter")),
]

LAYERS: dict[str, ForkLayer] = {
    "Quantize": ForkLayer("DeepSkeleton", "quantize", "NumPy"),
    "Rescale": ForkLayer("DeepSkeleton", "rescale", "NumPy"),
    "SigmoidEuclideanLoss": ForkLayer("DeepSkeleton", "sigmoid_euclidean_loss", "NumPy"),
}

V1_TYPES: dict[str, str] = {}
