"""RMSProp (src/caffe/solvers/rmsprop_solver.cpp)."""

from __future__ import annotations

import numpy as np

from ...errors import InputError
from .update import UpdateRule, divide_by_root, refuse_momentum, register


@register("RMSProp")
class RMSProp(UpdateRule):
    """h = rms_decay h + (1 - rms_decay) g^2;  w = w - rate g / (sqrt(h) + delta)."""

    def __init__(self, net, param):
        refuse_momentum("RMSProp", param)
        if not 0 <= param.rms_decay < 1:
            raise InputError(f"The solver's rms_decay is {param.rms_decay:g}; it must be at least 0 and below 1.")
        super().__init__(net, param)

    def update_chunk(self, data, diff, histories, rate, iteration):
        squares, = histories
        decay = self.param.rms_decay
        squares.mul_(decay).addcmul_(diff, diff, value=float(1 - np.float32(decay)))
        divide_by_root(diff, squares, self.param.delta)
        data.sub_(diff.mul_(rate))
