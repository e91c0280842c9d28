"""SmoothL1Loss and SmoothL1LossOHEM: a distance that is a square near zero and grows evenly farther off."""

from __future__ import annotations

import math

import torch

from ....errors import InputError
from ...blob import shape_string
from ...layer import between
from ..loss import LossLayer, in_shape_of, normalization_divisor, normalization_mode
from ..registry import register
from .axes import four_axes
from .constant import zero_gradients


@register("SmoothL1LossOHEM")
class SmoothL1LossOHEM(LossLayer):
    """sum f(w (a - b)) / D with f(d) = d**2 / 2 for |d| < 1, |d| - 1/2 beyond; bottoms a, b and, if given, weights w.

    D, at least 1, is as `loss_param` says: N H W of a's shape (N, C, H, W) for VALID and FULL, N for BATCH_SIZE, 1 for
    NONE, `pre_fixed_normalizer` for PRE_FIXED. A second top (N, 1, H, W) has the sums over channels before they are
    divided, of which online hard example mining takes the largest; no gradient comes from it.
    (smooth_l1_loss_ohem_layer.cu of Microsoft/caffe; Intel's smooth_L1_loss_ohem_layer.cpp)

    The fork leaves the weight out of the gradient, which is right only for weights of 0 and 1; here it is in.
    """

    bottoms = between(2, 3)
    tops = between(1, 2)
    turn = 1.0              # of |d|, from which on f grows evenly
    default_mode = "VALID"

    def allows_forced_backward(self, bottom_index):
        return bottom_index < 2

    def setup(self, bottom, top):
        sigma = self.param.smooth_l1_loss_param.sigma
        if sigma != 1 and type(self) is SmoothL1LossOHEM:
            raise InputError(f"its `sigma` is {sigma:g}, which a SmoothL1Loss obeys and a SmoothL1LossOHEM does not; "
                             "leave it out, or take the other type.")
        self.mode = normalization_mode(self.param.loss_param, self.default_mode)

    def shapes(self, bottom_shapes):
        first = four_axes(bottom_shapes[0])
        for shape in bottom_shapes[1:]:
            if four_axes(shape) != first:
                raise InputError(f"its bottoms have shapes {' and '.join(map(shape_string, bottom_shapes))}; they must "
                                 "be alike, but for axes of length 1 behind.")
        return [*super().shapes(bottom_shapes), (first[0], 1, *first[2:])]

    def forward(self, bottom, top):
        first = bottom[0].data
        size = self._differences(bottom).abs()
        errors = torch.where(size < self.turn, size.square() / (2 * self.turn), size - self.turn / 2)
        if len(bottom) == 4:
            errors.mul_(in_shape_of(bottom[3].data, first))
        top[0].data.copy_(errors.sum() / self._divisor(bottom[0].shape))
        if len(top) == 2:
            top[1].data.copy_(errors.reshape(four_axes(first.shape)).sum(1, keepdim=True))

    def backward(self, top, propagate_down, bottom):
        zero_gradients(propagate_down[2:], bottom[2:])      # as behind a layer that samples regions
        if not any(propagate_down[:2]):
            return
        slopes = (self._differences(bottom) / self.turn).clamp_(-1, 1)
        slopes.mul_(top[0].diff / self._divisor(bottom[0].shape))
        for weights in bottom[2:]:
            slopes.mul_(in_shape_of(weights.data, slopes))
        for blob, sign, wanted in zip(bottom, (1, -1), propagate_down):
            if wanted:
                torch.mul(in_shape_of(slopes, blob.diff), sign, out=blob.diff)

    def _differences(self, bottom) -> torch.Tensor:
        difference = bottom[0].data - in_shape_of(bottom[1].data, bottom[0].data)
        if len(bottom) > 2:
            difference.mul_(in_shape_of(bottom[2].data, difference))
        return difference

    def _divisor(self, shape):
        number, places = shape[0], math.prod(four_axes(shape)[2:])
        return normalization_divisor(self.mode, number, places, None, self.param.loss_param.pre_fixed_normalizer)


@register("SmoothL1Loss")
class SmoothL1Loss(SmoothL1LossOHEM):
    """sum v f(w (a - b)) / N, f(d) = (sigma d)**2 / 2 for |d| < 1 / sigma**2, |d| - 1 / (2 sigma**2) beyond.

    Bottoms are a and b; w with three; w ("inside") and v ("outside") with four, all of one shape with N rows.
    (smooth_L1_loss_layer.cu of rbgirshick/caffe-fast-rcnn, its branches faster-rcnn and, with three bottoms, fast-rcnn,
    as which SSD's is)

    With two or three bottoms a `loss_param` that says how to normalize is obeyed, and a second top shows the parts of
    the loss, both as in R-FCN's SmoothL1LossOHEM, which was called SmoothL1Loss at first (daijifeng001/caffe-rfcn).
    SSD's on the CPU leaves out v, and all with three bottoms the w in the gradient, which is right only for w of 0
    and 1; here both are in.
    """

    bottoms = between(2, 4)
    default_mode = "BATCH_SIZE"

    def setup(self, bottom, top):
        sigma = self.param.smooth_l1_loss_param.sigma
        if not 0 < sigma < math.inf:
            raise InputError(f"its `sigma` is {sigma:g}; give a number above 0.")
        self.turn = 1 / sigma ** 2
        super().setup(bottom, top)
        if len(bottom) == 4:     # Faster R-CNN's divides by N, whatever `loss_param` says
            self.mode = self.default_mode
