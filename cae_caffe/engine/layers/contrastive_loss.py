"""ContrastiveLoss: pulls the codes of similar pairs together and pushes those of others apart, up to a margin."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from ...errors import InputError
from ..blob import in_rows, shape_string
from ..layer import exactly
from .loss import LossLayer
from .registry import register

NEVER_ZERO = 1e-4       # Caffe adds it to the distance by which it divides


@dataclass
class _Pairs:
    """Two codes a row: their difference (N, channels); as (N, 1) its squared length, and whether they are similar."""

    difference: torch.Tensor
    squared: torch.Tensor
    similar: torch.Tensor


@register("ContrastiveLoss")
class ContrastiveLoss(LossLayer):
    """sum(y d**2 + (1 - y) max(margin - d, 0)**2) / (2 N), d the distance of a pair and y whether it is similar.

    `legacy_version` has max(margin - d**2, 0) in place of the second term.
    (src/caffe/layers/contrastive_loss_layer.cpp)
    """

    bottoms = exactly(3)

    def allows_forced_backward(self, bottom_index):
        return bottom_index != 2

    def setup(self, bottom, top):
        param = self.param.contrastive_loss_param
        self.margin, self.legacy = param.margin, param.legacy_version

    def shapes(self, bottom_shapes):
        loss_shape = super().shapes(bottom_shapes)
        first, second, similar = bottom_shapes
        if first[1:2] != second[1:2] or math.prod(first[2:]) != 1 or math.prod(second[2:]) != 1:
            raise InputError(f"its bottoms have shapes {shape_string(first)} and {shape_string(second)}; both must be "
                             "(N, channels), with axes of length 1 behind, if any.")
        if math.prod(similar) < first[0] or math.prod(similar[1:]) != 1:
            raise InputError(f"its third bottom has shape {shape_string(similar)}; it must say for each of the "
                             f"{first[0]} pairs, with one value, whether it is similar.")
        return loss_shape

    def _pairs(self, bottom) -> _Pairs:
        difference = in_rows(bottom[0].data - bottom[1].data.reshape(bottom[0].shape))
        similar = bottom[2].data.reshape(-1, 1)[:len(difference)].trunc() != 0
        return _Pairs(difference, difference.square().sum(1, keepdim=True), similar)

    def forward(self, bottom, top):
        top[0].data_memory.defer(lambda: self._write_loss(bottom, top[0].data))

    def _write_loss(self, bottom, out: torch.Tensor) -> None:
        pairs = self._pairs(bottom)
        if self.legacy:
            apart = (self.margin - pairs.squared).clamp_min_(0)
        else:
            apart = (self.margin - pairs.squared.sqrt()).clamp_min_(0).square_()
        out.copy_(torch.where(pairs.similar, pairs.squared, apart).sum() / (2 * bottom[0].shape[0]))

    def backward(self, top, propagate_down, bottom):
        if not any(propagate_down[:2]):
            return
        pairs = self._pairs(bottom)
        if self.legacy:
            missing, slope = self.margin - pairs.squared, 1.0
        else:
            distance = pairs.squared.sqrt()
            missing = self.margin - distance
            slope = missing / distance.add_(NEVER_ZERO)
        factor = torch.where(pairs.similar, 1, -slope)
        gradient = pairs.difference.mul_(factor).mul_(top[0].diff / bottom[0].shape[0])
        gradient.masked_fill_(~pairs.similar & ~(missing > 0), 0)       # whatever is infinite or no number there
        for blob, sign, wanted in zip(bottom, (1, -1), propagate_down):
            if wanted:
                torch.mul(gradient.view(blob.shape), sign, out=blob.diff)
