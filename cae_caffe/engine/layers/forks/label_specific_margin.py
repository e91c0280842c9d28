"""LabelSpecificMargin: the angle between a feature and the vector of its class made larger."""

from __future__ import annotations

import math

import torch

from .... import schema
from ....errors import InputError
from ...blob import in_rows, shape_string
from ...layer import Layer, between
from ...traits import Traits
from ..data_source import PassCounter
from ..labels import Classes, Labels
from ..registry import register

NEAR_ONE = 1 - 1e-4         # the largest cosine that counts
LARGEST = math.pi - 1e-4    # angle
STEEPEST = 2.0              # slope


@register("LabelSpecificMargin")
class LabelSpecificMargin(PassCounter, Layer):
    """Cosines (N, classes), of which that of the label's class is taken at a larger angle: HARD adds the margin, in
    degrees, SOFT multiplies the angle by it, up to almost pi. A margin of 0 changes nothing, nor does the phase TEST
    unless `margin_on_test`.

    The margin is what the layer's parameter holds, which no solver changes; in phase TRAIN, with `margin_base`,
    margin_base + (1 + gamma i)**power - 1 in pass i, counted from `iteration`; at most `margin_max`, if that is given;
    or the first value of a third bottom. The second top has it. The slope is kept between 0 and 2, or is 1 with
    `pass_bp`. (happynear/caffe-windows' src/caffe/layers/label_specific_margin.cu, branch experiment, which obeys
    `margin_on_test` in no phase, and bounds SOFT's angle before it multiplies it.)
    """

    traits = Traits(capturable=False)
    bottoms = between(2, 3)
    tops = between(1, 2)

    @classmethod
    def unsupported(cls, param):
        return [f"`{field}: true` is not carried out; leave it out"
                for field in ("auto_tune", "reset_margin") if getattr(param.label_specific_margin_param, field)]

    @classmethod
    def complete(cls, message):
        if not message.param:
            message.param.add(lr_mult=0, decay_mult=0)

    def allows_forced_backward(self, bottom_index):
        return bottom_index == 0

    def setup(self, bottom, top):
        param = self.param.label_specific_margin_param
        self.passes = param.iteration
        filler = schema.FillerParameter(type="constant", value=param.margin_base)
        self.add_parameter((1,), schema.view(filler))

    def shapes(self, bottom_shapes):
        Classes.of(1, bottom_shapes[0], bottom_shapes[1])
        if len(bottom_shapes) == 3 and not math.prod(bottom_shapes[2]):
            raise InputError(f"its third bottom has shape {shape_string(bottom_shapes[2])}; it must hold the margin.")
        return [bottom_shapes[0], (1,)]

    def _margin(self) -> float:
        """The margin of the last forward pass, 0 in a phase that has none."""
        changes = self.param.phase != "TEST" or self.param.label_specific_margin_param.margin_on_test
        return float(self.blobs[0].data[0]) if changes else 0.0

    def _set_margin(self, bottom) -> None:
        param, kept = self.param.label_specific_margin_param, self.blobs[0].data
        if self.param.phase != "TEST" and param.has("margin_base"):
            kept.fill_(param.margin_base + (1 + param.gamma * self.passes)**param.power - 1)
            self.passes += 1
        if self.param.phase != "TEST" and param.has("margin_max"):
            kept.clamp_max_(param.margin_max)
        if len(bottom) == 3:
            kept.copy_(bottom[2].data.reshape(-1)[:1])

    def _own(self, bottom) -> tuple[torch.Tensor, torch.Tensor]:
        """The numbers of the labels' classes (N, 1), and the angles there."""
        cosines = in_rows(bottom[0].data)
        index = Labels(self, bottom[1].data, Classes(1, len(cosines), cosines.shape[1], 1)).index
        return index, cosines.gather(1, index).clamp(-NEAR_ONE, NEAR_ONE).acos()

    def _larger(self, angles: torch.Tensor, margin: float) -> torch.Tensor:
        if self.param.label_specific_margin_param.type == "HARD":
            return angles + math.radians(margin)
        return (angles * margin).clamp_max(LARGEST)

    def forward(self, bottom, top):
        self._set_margin(bottom)
        if len(top) == 2:
            top[1].data.copy_(self.blobs[0].data)
        cosines, margin = in_rows(bottom[0].data), self._margin()
        if margin:
            index, angles = self._own(bottom)
            cosines = cosines.scatter(1, index, self._larger(angles, margin).cos())
        top[0].data.copy_(cosines.reshape(top[0].shape))

    def backward(self, top, propagate_down, bottom):
        self.refuse_gradient(propagate_down, *range(1, len(bottom)))
        if not propagate_down[0]:
            return
        param, diff, margin = self.param.label_specific_margin_param, in_rows(top[0].diff), self._margin()
        if margin and not param.pass_bp:
            index, angles = self._own(bottom)
            slopes = self._larger(angles, margin).sin() / angles.sin() * (margin if param.type == "SOFT" else 1)
            diff = diff.scatter(1, index, diff.gather(1, index) * slopes.clamp(0, STEEPEST))
        bottom[0].diff.copy_(diff.reshape(bottom[0].shape))
