"""GeneralTripletLoss: a feature nearer to the vector of its class than to those of the others."""

from __future__ import annotations

import math

import torch

from ....errors import InputError
from ...blob import in_rows, shape_string
from ...layer import between
from ..labels import Classes, Labels
from ..loss import LossLayer
from ..registry import register


@register("GeneralTripletLoss")
class GeneralTripletLoss(LossLayer):
    """negative_weight sum t / N with t = max(own + margin - d, 0), over a batch of N features and their distances d to
    the classes that are not theirs, `own` being that to their own.

    With `hardest_only` of each feature the largest t counts, with `positive_first` none where own is above
    `positive_upper_bound`. The second top has the mean distance to the own class, and that to the others. The gradient
    is not the derivative: it is -negative_weight for each d whose t is above 0, and positive_weight for own, if any t
    is above 0 or with `add_center_loss`, or where `positive_first` lets it alone count; each feature's times its value
    in the third bottom, if there is one (NormFace: happynear/caffe-windows'
    src/caffe/layers/general_triplet_loss_layer.cpp).
    """

    bottoms = between(2, 3)
    tops = between(1, 2)

    def allows_forced_backward(self, bottom_index):
        return bottom_index == 0

    def shapes(self, bottom_shapes):
        loss_shape = super().shapes(bottom_shapes)
        if not bottom_shapes[0] or not bottom_shapes[0][0]:
            raise InputError(f"its first bottom has shape {shape_string(bottom_shapes[0])}; the loss is a mean over "
                             "features, of which there must be one at least.")
        if len(bottom_shapes) == 3 and math.prod(bottom_shapes[2]) != bottom_shapes[0][0]:
            raise InputError(f"its third bottom has shape {shape_string(bottom_shapes[2])}; give one weight for each "
                             f"of the {bottom_shapes[0][0]} features.")
        return [*loss_shape, (2,)]

    def _triplets(self, bottom) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The distances (N, classes), where they are a feature's own class's, and t, 0 there and where none counts."""
        param = self.param.general_triplet_loss_param
        distances = in_rows(bottom[0].data)
        labels = Labels(self, bottom[1].data, Classes(1, len(distances), distances.shape[1], 1))
        own = torch.zeros_like(distances, dtype=torch.bool).scatter_(1, labels.index, True)
        same = distances.gather(1, labels.index)
        triplets = (same + param.margin - distances).clamp_min_(0).masked_fill_(own, 0)
        if param.hardest_only:
            hardest = triplets.argmax(1, keepdim=True)
            triplets = torch.zeros_like(triplets).scatter_(1, hardest, triplets.gather(1, hardest))
        if param.positive_first:
            triplets.masked_fill_(same > param.positive_upper_bound, 0)
        return distances, own, triplets

    def forward(self, bottom, top):
        distances, own, triplets = self._triplets(bottom)
        number, classes = distances.shape
        weight = self.param.general_triplet_loss_param.negative_weight
        torch.mul(triplets.sum(), abs(weight) / number, out=top[0].data)
        if len(top) == 2:
            others = distances.masked_fill(own, 0).sum() / max(1, classes - 1)
            top[1].data.copy_(torch.stack([distances[own].sum(), others]) / number)

    def backward(self, top, propagate_down, bottom):
        self.refuse_gradient(propagate_down, *range(1, len(bottom)))
        if not propagate_down[0]:
            return
        param = self.param.general_triplet_loss_param
        distances, own, triplets = self._triplets(bottom)
        nearer = triplets > 0
        pulled = nearer.any(1, keepdim=True) | param.add_center_loss
        if param.positive_first:
            pulled |= distances[own][:, None] > param.positive_upper_bound
        slopes = torch.where(own, pulled * param.positive_weight, nearer * -param.negative_weight)
        if len(bottom) == 3:
            slopes = slopes * bottom[2].data.reshape(-1, 1)
        torch.mul(slopes.reshape(bottom[0].shape), top[0].diff / len(slopes), out=bottom[0].diff)
