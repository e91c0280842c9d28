"""Stochastic gradient descent with momentum (src/caffe/solvers/sgd_solver.cpp)."""

from __future__ import annotations

from .update import UpdateRule, register


@register("SGD")
class SGD(UpdateRule):
    """v = momentum v + rate g;  w = w - v."""

    update_is_history = True

    def update_chunk(self, data, diff, histories, rate, iteration):
        velocity, = histories
        velocity.mul_(self.param.momentum).add_(diff, alpha=rate)
        data.sub_(velocity)
