"""AdaGrad (src/caffe/solvers/adagrad_solver.cpp)."""

from __future__ import annotations

from .update import UpdateRule, divide_by_root, refuse_momentum, register


@register("AdaGrad")
class AdaGrad(UpdateRule):
    """h = h + g^2;  w = w - rate g / (sqrt(h) + delta)."""

    def __init__(self, net, param):
        refuse_momentum("AdaGrad", param)
        super().__init__(net, param)

    def update_chunk(self, data, diff, histories, rate, iteration):
        squares, = histories
        squares.addcmul_(diff, diff)
        divide_by_root(diff, squares, self.param.delta)
        data.sub_(diff.mul_(rate))
