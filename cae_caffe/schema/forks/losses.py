"""What forks add to the options of Caffe 1.0's losses and of Accuracy.

SegNet (alexgkendall/caffe-segnet) and ENet weight classes, R-FCN (daijifeng001/caffe-rfcn) and Intel's Caffe divide by
a number of the net's own, and happynear/caffe-windows takes distances for scores.
"""

from __future__ import annotations

from ..definitions import Enum, Field, Message
from .declaration import ForkLayer

MESSAGES = [
    Message("LossParameter",
            Field("weight_by_label_freqs", "bool", default=False),
            Field("class_weighting", "float", repeated=True),
            Enum("NormalizationMode", {"PRE_FIXED": 4}),        # R-FCN's 3 is NONE in Caffe 1.0
            Field("pre_fixed_normalizer", "float", default=1.0)),
    Message("AccuracyParameter", Field("min_is_better", "bool", default=False)),
]

LAYERS: dict[str, ForkLayer] = {
    "WeightedEuclideanLoss": ForkLayer("BVLC's pull request 5852", "weighted_euclidean_loss", "NumPy"),
}

V1_TYPES: dict[str, str] = {}
