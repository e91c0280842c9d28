"""HingeLoss: one against all, with a margin of 1."""

from __future__ import annotations

import math

import torch

from ..blob import in_rows
from .labels import Classes, Labels
from .loss import LossLayer
from .registry import register


@register("HingeLoss")
class HingeLoss(LossLayer):
    """sum(m) / N, or sum(m**2) / N with `norm: L2`, over the margins m of a batch of N.

    m = max(0, 1 - x) for the true class and max(0, 1 + x) for all others; all values of a row are classes.
    (src/caffe/layers/hinge_loss_layer.cpp)
    """

    def setup(self, bottom, top):
        self.squares = self.param.hinge_loss_param.norm == "L2"

    def forward(self, bottom, top):
        top[0].data_memory.defer(lambda: self._write_loss(bottom, top[0].data))

    def _write_loss(self, bottom, out: torch.Tensor) -> None:
        margins, _ = self._margins(bottom)
        out.copy_((margins.square_() if self.squares else margins).sum() / bottom[0].shape[0])

    def _margins(self, bottom) -> tuple[torch.Tensor, torch.Tensor]:
        """The margins (N, classes), and for each the sign with which the prediction counts in it."""
        scores = in_rows(bottom[0].data)
        batch = len(scores)
        # As Caffe does, whatever the labels' shape: the first N of them.
        flat = bottom[1].data.reshape(-1)[:batch]
        labels = Labels(self, flat, Classes(1, batch, scores.shape[1], 1))
        signs = torch.ones_like(scores).scatter_(1, labels.index, -1)
        margins = (scores * signs).add_(1)
        return margins.nan_to_num_(0, posinf=math.inf, neginf=-math.inf).clamp_min_(0), signs       # as C++'s max(0, m)

    def backward(self, top, propagate_down, bottom):
        self.refuse_gradient(propagate_down, 1)
        if not propagate_down[0]:
            return
        margins, signs = self._margins(bottom)
        slopes = margins.mul_(2) if self.squares else margins.sign_()
        slopes.mul_(signs).mul_(top[0].diff / bottom[0].shape[0])
        bottom[0].diff.copy_(slopes.view(bottom[0].shape))
