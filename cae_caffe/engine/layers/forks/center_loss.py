"""CenterLoss: pulls the features of a class to its centre, which follows them."""

from __future__ import annotations

import math

import torch

from ....errors import InputError
from ...blob import canonical_axis, in_rows, shape_string
from ..labels import Classes, Labels
from ..loss import LossLayer
from ..registry import register


@register("CenterLoss")
class CenterLoss(LossLayer):
    """sum |x_i - c_(y_i)|**2 / (2 N) over the features x of a batch of N with the labels y; with `distance_type: L1`
    sum |x_i - c_(y_i)| / N, of absolute values.

    The layer's parameter are the centres, (num_output, features). What it adds to their gradient is not the
    derivative, but the step of Wen, Zhang, Li and Qiao 2016 (equation 4), whatever the weight of the loss: for the
    class j, sum over its n_j features of (c_j - x_i), over 1 + n_j; with L1 of the signs of these
    (ydwen/caffe-face's src/caffe/layers/center_loss_layer.cpp; `distance_type` is happynear/caffe-windows', which adds
    the step once for each feature of the class).
    """

    def allows_forced_backward(self, bottom_index):
        return bottom_index == 0

    def setup(self, bottom, top):
        param = self.param.center_loss_param
        if not param.num_output:
            raise InputError("its `num_output` is 0; give the number of classes, at least 1.")
        if param.distance_type not in ("L1", "L2"):
            raise InputError(f"`distance_type: {param.distance_type!r}` is none; give L1 or L2.")
        self.absolute = param.distance_type == "L1"
        self.features = math.prod(bottom[0].shape[canonical_axis(param.axis, bottom[0].shape):])
        self.add_parameter((param.num_output, self.features), param.center_filler)

    def shapes(self, bottom_shapes):
        loss_shape = super().shapes(bottom_shapes)
        features, labels = bottom_shapes
        if math.prod(features[1:]) != self.features:
            raise InputError(f"its first bottom has shape {shape_string(features)}; each of the {features[0]} features "
                             f"must have {self.features} values, as its centres.")
        if math.prod(labels[1:]) != 1:
            raise InputError(f"its second bottom has shape {shape_string(labels)}; give one label for each of the "
                             f"{features[0]} features.")
        return loss_shape

    def _differences(self, bottom) -> tuple[torch.Tensor, torch.Tensor]:
        """Each feature less its centre, (N, features), and the labels (N,)."""
        features, centers = in_rows(bottom[0].data), self.blobs[0].data
        labels = Labels(self, bottom[1].data, Classes(1, len(features), len(centers), 1)).index.reshape(-1)
        return features - centers[labels], labels

    def forward(self, bottom, top):
        differences, _ = self._differences(bottom)
        total = differences.abs().sum() if self.absolute else differences.square().sum() / 2
        torch.div(total, len(differences), out=top[0].data)

    def backward(self, top, propagate_down, bottom):
        self.refuse_gradient(propagate_down, 1)
        differences, labels = self._differences(bottom)
        if self.absolute:
            differences = differences.sign()
        if self.needs_diff(0):
            diff, add = self.blobs[0].diff_to_add_to()
            counts = torch.bincount(labels, minlength=len(diff)).to(diff.dtype)
            steps = torch.zeros_like(diff).index_add_(0, labels, differences).div_(-(counts + 1)[:, None])
            diff.add_(steps) if add else diff.copy_(steps)
        if propagate_down[0]:
            torch.mul(differences.reshape(bottom[0].shape), top[0].diff / len(differences), out=bottom[0].diff)
