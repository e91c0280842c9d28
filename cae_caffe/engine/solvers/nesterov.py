"""Nesterov's accelerated gradient (src/caffe/solvers/nesterov_solver.cpp)."""

from __future__ import annotations

import numpy as np
import torch

from .update import UpdateRule, register


@register("Nesterov")
class Nesterov(UpdateRule):
    """v' = momentum v + rate g;  w = w - ((1 + momentum) v' - momentum v)."""

    def update_chunk(self, data, diff, histories, rate, iteration):
        velocity, = histories
        momentum = self.param.momentum
        step_back = torch.mul(velocity, -momentum)
        velocity.mul_(momentum).add_(diff, alpha=rate)
        torch.add(step_back, velocity, alpha=float(1 + np.float32(momentum)), out=diff)
        data.sub_(diff)
