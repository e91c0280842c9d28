"""GeneralContrastiveLoss: a feature near the vector of its class, and far from those of the others."""

from __future__ import annotations

import numpy as np
import torch

from ....errors import InputError
from ...blob import in_rows, shape_string
from ...layer import between
from ...traits import Traits
from ..data_source import HIDDEN, DataSource, Place, found, require_same
from ..labels import Classes, Labels
from ..loss import LossLayer
from ..registry import register


@register("GeneralContrastiveLoss")
class GeneralContrastiveLoss(DataSource, LossLayer):
    """(positive_weight sum p + negative_weight sum n) / N over distances d of a batch of N features to all classes.

    For a feature's own class p = min(max(d - positive_margin, 0), positive_outlier_thresh); for the others
    n = max(negative_margin - d, 0), or exp(-d) below that margin with `exp_negative_weight`. `max_negative_only` keeps
    of each feature the largest n, `max_positive_only` of the batch the smallest p. With `positive_first` a feature
    whose p's d is above `positive_upper_bound` has no n. With `add_intra_mae` the running mean of p (0.99 of it and
    0.01 of the batch's, at most `max_negative_margin`) is added to the negative margin. A third bottom has the
    distances, if there is one, and the gradient is the first's nonetheless.

    The second top has the mean p and n, and the running mean. The gradient is the derivative but where p is: it is
    positive_weight for d between positive_margin and positive_outlier_thresh, and for those that `positive_first` lets
    alone count; and with `normalize_negative` slopes of n that sum up to more than positive_weight N
    normalize_negative are divided by what is too much. (NormFace: happynear/caffe-windows'
    src/caffe/layers/general_constrastive_loss_layer.cpp, where `max_negative_only` compares the n of class 0 with p.)
    """

    traits = Traits(capturable=False)
    bottoms = between(2, 3)
    tops = between(1, 2)

    @classmethod
    def unsupported(cls, param):
        return ["`square: true`, which the fork itself does not carry out; leave it out"] if (
            param.general_contrastive_loss_param.square) else []

    def allows_forced_backward(self, bottom_index):
        return bottom_index == 0

    def setup(self, bottom, top):
        self.intra_mae = 0.0
        self.negative_margin = self.param.general_contrastive_loss_param.negative_margin

    def shapes(self, bottom_shapes):
        loss_shape = super().shapes(bottom_shapes)
        if len(bottom_shapes) == 3 and bottom_shapes[2] != bottom_shapes[0]:
            raise InputError(f"its bottoms have shapes {shape_string(bottom_shapes[0])} and "
                             f"{shape_string(bottom_shapes[2])}; the first and the third must agree.")
        return loss_shape + [(3 if self.param.general_contrastive_loss_param.add_intra_mae else 2,)]

    def _distances(self, bottom) -> tuple[torch.Tensor, torch.Tensor]:
        """The distances (N, classes), and where they are a feature's own class's."""
        distances = in_rows(bottom[2 if len(bottom) == 3 else 0].data)
        labels = Labels(self, bottom[1].data, Classes(1, len(distances), distances.shape[1], 1))
        return distances, torch.zeros_like(distances, dtype=torch.bool).scatter_(1, labels.index, True)

    def forward(self, bottom, top):
        param = self.param.general_contrastive_loss_param
        distances, own = self._distances(bottom)
        number, classes = distances.shape
        self.negative_margin = param.negative_margin + (self.intra_mae if param.add_intra_mae else 0)
        losses = self._losses(distances, own)
        positive = (distances[own] - param.positive_margin).clamp(0, param.positive_outlier_thresh).sum() / number
        negative = (self.negative_margin - distances[~own]).clamp_min(0).sum() / number / max(1, classes - 1)
        top[0].data.copy_((losses * self._counted(distances, own, losses)).abs().sum() / number)
        if param.add_intra_mae:
            self.intra_mae = min(0.99 * self.intra_mae + 0.01 * float(positive), param.max_negative_margin)
        if len(top) == 2:
            means = [positive, negative] + [distances.new_tensor(self.intra_mae)] * param.add_intra_mae
            top[1].data.copy_(torch.stack(means))

    def _losses(self, distances: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
        param = self.param.general_contrastive_loss_param
        positive = (distances - param.positive_margin).clamp(0, param.positive_outlier_thresh) * param.positive_weight
        missing = self.negative_margin - distances
        negative = torch.where(missing > 0, torch.exp(-distances) if param.exp_negative_weight else missing, 0)
        return torch.where(own, positive, negative * param.negative_weight)

    def _counted(self, distances: torch.Tensor, own: torch.Tensor, losses: torch.Tensor) -> torch.Tensor:
        """Which distances have a say."""
        param = self.param.general_contrastive_loss_param
        counted = torch.ones_like(own)
        if param.max_positive_only and len(own):
            smallest = torch.zeros_like(own[:, 0]).index_fill_(0, losses[own].argmin(), True)
            counted &= ~own | smallest[:, None]
        if param.max_negative_only:
            largest = losses.masked_fill(own, -torch.inf).argmax(1, keepdim=True)
            counted &= own | torch.zeros_like(own).scatter_(1, largest, True)
        return counted & (own | ~self._alone(distances, own))

    def _alone(self, distances: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
        """Whose own class alone counts, (N, 1)."""
        param = self.param.general_contrastive_loss_param
        if not param.positive_first:
            return torch.zeros_like(own[:, :1])
        return (distances[own] > param.positive_upper_bound)[:, None]

    def place(self) -> Place:
        return {HIDDEN: np.array([self.intra_mae])}

    def go_to(self, place: Place) -> None:
        state = found(place, HIDDEN)
        require_same("running means", state.size, 1)
        self.intra_mae = float(state.reshape(-1)[0])

    def backward(self, top, propagate_down, bottom):
        self.refuse_gradient(propagate_down, *range(1, len(bottom)))
        if not propagate_down[0]:
            return
        param = self.param.general_contrastive_loss_param
        distances, own = self._distances(bottom)
        falls = torch.exp(-distances) if param.exp_negative_weight else torch.ones_like(distances)
        negative = torch.where(distances < self.negative_margin, falls * -param.negative_weight, 0)
        rises = (distances > param.positive_margin) & (distances < param.positive_outlier_thresh)
        slopes = torch.where(own, rises * param.positive_weight, negative)
        slopes *= self._counted(distances, own, self._losses(distances, own))
        slopes = torch.where(own & self._alone(distances, own), param.positive_weight, slopes)
        if param.has("normalize_negative"):
            excess = slopes.masked_fill(own, 0).sum().abs() / param.normalize_negative / len(slopes)
            slopes = torch.where(~own & (excess > param.positive_weight), slopes / excess, slopes)
        torch.mul(slopes.reshape(bottom[0].shape), top[0].diff / len(slopes), out=bottom[0].diff)
