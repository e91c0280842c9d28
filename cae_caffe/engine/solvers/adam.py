"""Adam (src/caffe/solvers/adam_solver.cpp; Kingma and Ba, arXiv:1412.6980)."""

from __future__ import annotations

import math

import numpy as np

from .update import UpdateRule, divide_by_root, register


@register("Adam")
class Adam(UpdateRule):
    """m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;  w = w - rate c m / (sqrt(v) + delta).

    b1 is `momentum`, b2 `momentum2`, and at update number t, from 1, c = sqrt(1 - b2^t) / (1 - b1^t).
    """

    histories = 2

    def update_chunk(self, data, diff, histories, rate, iteration):
        means, squares = histories
        first, second = self.param.momentum, self.param.momentum2
        means.mul_(first).add_(diff, alpha=float(1 - np.float32(first)))
        squares.mul_(second).addcmul_(diff, diff, value=float(1 - np.float32(second)))
        divide_by_root(diff.copy_(means), squares, self.param.delta)
        data.sub_(diff.mul_(rate * self._correction(iteration + 1)))

    def _correction(self, updates: int) -> float:
        first, second = self.param.momentum, self.param.momentum2
        return float(np.float32(math.sqrt(1 - second ** updates) / (1 - first ** updates)))
