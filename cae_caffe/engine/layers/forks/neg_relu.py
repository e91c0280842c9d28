"""NegReLU: the negative part of each value."""

from __future__ import annotations

import torch

from ...autograd_layer import AutogradLayer
from ...traits import Traits
from ..registry import register


@register("NegReLU")
class NegReLU(AutogradLayer):
    """y = min(x, 0) + negative_slope * max(x, 0), with the field of `relu_param`; the gradient at 0 is negative_slope
    (FlowNet2's src/caffe/layers/neg_relu_layer.cpp).
    """

    traits = Traits(keeps_order=True, runs_in_place=True)

    def compute(self, bottoms, params):
        return [torch.where(bottoms[0] < 0, bottoms[0], bottoms[0] * self.param.relu_param.negative_slope)]
