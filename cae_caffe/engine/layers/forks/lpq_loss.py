"""LpqLoss: powers of sums of powers of differences."""

from __future__ import annotations

import torch

from ....errors import InputError
from ..registry import register
from .difference_loss import DifferenceLoss, difference, divisor


@register("LpqLoss")
class LpqLoss(DifferenceLoss):
    """sum over the places of (sum over the channels of (|d| + p_epsilon)**p + q_epsilon)**q / N, for the difference d
    of two bottoms, or one bottom d, over a batch of N.

    `l2_prescale_by_channels` takes the mean over the channels. Differences that are no number count as 0, and with
    `normalize_by_num_entries` N is the number of the others over the number of channels. Of a power's slope that is
    infinite, at 0, the gradient is 0. `p` and `q` are those of iteration 0: one of each
    (FlowNet2's src/caffe/layers/lpq_loss_layer.cu).
    """

    @classmethod
    def unsupported(cls, param):
        episodes = len(param.lpq_loss_param.pq_episode_starts_at_iter)
        if episodes <= 1:
            return []
        return [(f"{episodes} `pq_episode_starts_at_iter`, of which each has a `p` and `q` of its own, are not carried "
                 "out; train with one after the other, each in a file of its own")]

    def setup(self, bottom, top):
        param = self.param.lpq_loss_param
        if len(param.p) != 1 or len(param.q) != 1:
            raise InputError(f"its `lpq_loss_param` has `p` {len(param.p)} times and `q` {len(param.q)} times; give "
                             "each once.")
        if any(param.pq_episode_starts_at_iter):
            raise InputError(f"`pq_episode_starts_at_iter: {param.pq_episode_starts_at_iter[0]}` is the first; it must "
                             "be 0.")
        self.p, self.q = param.p[0], param.q[0]

    def compute(self, bottoms, params):
        param = self.param.lpq_loss_param
        differences, known = difference(bottoms)
        powers = _power(differences.abs() + param.p_epsilon, self.p)
        sums = powers.mean(1) if param.l2_prescale_by_channels else powers.sum(1)
        total = _power(sums + param.q_epsilon, self.q).sum()
        return [total / divisor(known, param.normalize_by_num_entries)]


def _power(base: torch.Tensor, exponent: float) -> torch.Tensor:
    zero = base == 0
    return torch.where(zero, 0.0 if exponent else 1.0, torch.where(zero, 1, base)**exponent)
