"""EltwiseAccuracy: how often the label of a pixel is among its best predictions."""

from __future__ import annotations

from ...layer import exactly
from ..accuracy import Accuracy
from ..labels import ignored_label
from ..registry import register


@register("EltwiseAccuracy")
class EltwiseAccuracy(Accuracy):
    """The part of the pixels whose label has fewer than `top_k` other classes that score as high: Accuracy of
    predictions (N, C, H, W) and labels (N, 1, H, W), as (1, 1, 1, 1). Labels equal to `ignore_label` do not count.

    H. Noh's src/caffe/layers/eltwise_accuracy_layer.cpp. There, of classes that score alike the last comes first;
    labels that are no class count as wrong, which is an error here; and where no label counts the accuracy is no
    number, which is 0 here: all three as in Caffe 1.0's Accuracy.
    """

    tops = exactly(1)

    def setup(self, bottom, top):
        super().setup(bottom, top)
        param = self.param.eltwise_accuracy_param
        self.top_k, self.ignored = param.top_k, ignored_label(param)

    def shapes(self, bottom_shapes):
        super().shapes(bottom_shapes)
        return [(1, 1, 1, 1)]
