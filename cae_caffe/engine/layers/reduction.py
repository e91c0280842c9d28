"""Reduction: sums over the last axes."""

from __future__ import annotations

import math

import numpy as np
import torch

from ..autograd_layer import AutogradLayer
from ..blob import canonical_axis
from .registry import register
from .scaling import scaled


@register("Reduction")
class Reduction(AutogradLayer):
    """coeff times the sum (SUM), sum of magnitudes (ASUM), sum of squares (SUMSQ) or mean (MEAN) from `axis` on.

    (src/caffe/layers/reduction_layer.cpp)
    """

    @classmethod
    def unsupported(cls, param):
        # TSN's fork has it in BatchReduction alone.
        return ["`operation: TOPK`"] if param.reduction_param.operation == "TOPK" else []

    def shapes(self, bottom_shapes):
        shape, param = bottom_shapes[0], self.param.reduction_param
        self.axis = canonical_axis(param.axis, shape)
        self.coefficient = param.coeff
        if param.operation == "MEAN":
            with np.errstate(divide="ignore", invalid="ignore"):      # the mean of no values is no number
                self.coefficient = float(np.float32(param.coeff) / np.float32(math.prod(shape[self.axis:])))
        return [shape[:self.axis]]

    def compute(self, bottoms, params):
        terms = _TERMS[self.param.reduction_param.operation](bottoms[0])
        sums = terms.flatten(self.axis).sum(-1)
        return [scaled(sums, self.coefficient)]


_TERMS = {"SUM": lambda x: x, "MEAN": lambda x: x, "ASUM": torch.abs, "SUMSQ": torch.square}
