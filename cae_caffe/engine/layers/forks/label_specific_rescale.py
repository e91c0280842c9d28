"""LabelSpecificRescale: the scores of a feature's own class, and those of the others, multiplied by weights."""

from __future__ import annotations

import torch

from ...autograd_layer import AutogradLayer
from ...blob import in_rows
from ...layer import between, exactly
from ...traits import Traits
from ..data_source import PassCounter
from ..labels import Classes, Labels
from ..registry import register


@register("LabelSpecificRescale")
class LabelSpecificRescale(PassCounter, AutogradLayer):
    """Scores (N, classes), times `positive_weight` w for the label's class and `negative_weight` for the others; in
    phase TEST as they are, unless `rescale_test`.

    Of the label's class, `bias_fix` adds 1 - w, `power_on_positive` takes sign(x) |x|**w in place of the product, and
    with `for_ip` scores that are not above 0 stay. In phase TRAIN, with `positive_weight_base`,
    w = positive_weight_base (1 + gamma i)**-power in pass i, counted from iteration + 1, at least
    `positive_weight_min` and at most `positive_weight_max` where these are given. The second top has w. Without
    `do_backward` the gradient is that of the top. (happynear/caffe-windows'
    src/caffe/layers/label_specific_rescale.cpp, branch experiment; the CPU there knows no `do_backward`.)
    """

    traits = Traits(runs_in_place=True, capturable=False)
    bottoms = exactly(2)
    tops = between(1, 2)

    def allows_forced_backward(self, bottom_index):
        return bottom_index == 0

    def setup(self, bottom, top):
        param = self.param.label_specific_rescale_param
        self.passes = param.iteration
        self.weight = param.positive_weight

    def shapes(self, bottom_shapes):
        Classes.of(1, bottom_shapes[0], bottom_shapes[1])
        return [bottom_shapes[0], (1,)]

    def forward(self, bottom, top):
        param = self.param.label_specific_rescale_param
        if self.param.phase == "TRAIN" and param.has("positive_weight_base"):
            self.passes += 1
            weight = param.positive_weight_base * (1 + param.gamma * self.passes)**-param.power
            weight = max(weight, param.positive_weight_min) if param.has("positive_weight_min") else weight
            self.weight = min(weight, param.positive_weight_max) if param.has("positive_weight_max") else weight
        super().forward(bottom, top)
        if len(top) == 2:
            top[1].data.fill_(self.weight)

    def compute(self, bottoms, params):
        param = self.param.label_specific_rescale_param
        if self.param.phase == "TEST" and not param.rescale_test:
            return [bottoms[0]]
        scores = in_rows(bottoms[0])
        index = Labels(self, bottoms[1], Classes(1, len(scores), scores.shape[1], 1)).index
        own = scores.gather(1, index)
        if param.power_on_positive:
            changed = own.sign() * own.abs()**self.weight
        else:
            changed = own * self.weight + (1 - self.weight if param.bias_fix else 0)
        if param.for_ip:
            changed = torch.where(own > 0, changed, own)
        return [(scores * param.negative_weight).scatter(1, index, changed).reshape(bottoms[0].shape)]

    def backward(self, top, propagate_down, bottom):
        self.refuse_gradient(propagate_down, 1)
        if propagate_down[0] and not self.param.label_specific_rescale_param.do_backward:
            bottom[0].diff.copy_(top[0].diff)
            return
        super().backward(top, propagate_down, bottom)
