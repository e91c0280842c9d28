"""AdaDelta (src/caffe/solvers/adadelta_solver.cpp)."""

from __future__ import annotations

import numpy as np
import torch

from .update import UpdateRule, register


@register("AdaDelta")
class AdaDelta(UpdateRule):
    """h = momentum h + (1 - momentum) g^2;  s = g sqrt((delta + k) / (delta + h));
    k = momentum k + (1 - momentum) s^2;  w = w - rate s.
    """

    histories = 2

    def update_chunk(self, data, diff, histories, rate, iteration):
        gradients, steps = histories
        momentum, delta = self.param.momentum, self.param.delta
        rest = float(1 - np.float32(momentum))
        gradients.mul_(momentum).addcmul_(diff, diff, value=rest)
        ratio = torch.add(steps, delta).div_(torch.add(gradients, delta))
        diff.mul_(ratio.sqrt_())
        steps.mul_(momentum).addcmul_(diff, diff, value=rest)
        data.sub_(diff.mul_(rate))
