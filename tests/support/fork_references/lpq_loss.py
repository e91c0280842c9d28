"""LpqLoss: lmb-freiburg/flownet2, src/caffe/layers/lpq_loss_layer.cu and .cpp (it has no CPU code)."""

from __future__ import annotations

import numpy as np


def lpq_loss(first, second=None, *, p, q, p_epsilon=0., q_epsilon=1e-2, l2_prescale_by_channels=False,
             normalize_by_num_entries=False):
    """The loss, and its derivative by the difference of the bottoms (or by the first alone): the second's diff is that
    times -1. `p` and `q` are those of the solver's iteration.

    The sum over the pixels of (the sum over the channels of (|difference| + p_epsilon)^p, divided by the channels with
    l2_prescale_by_channels, + q_epsilon)^q, over the batch size, or with normalize_by_num_entries over a channel's
    share of what is not NaN. NaN counts as 0, and has no derivative. 0 has that of a negative difference.
    """
    difference = first - second if second is not None else np.array(first)
    known = ~np.isnan(difference)
    difference[~known] = 0
    norm = known.sum() / difference.shape[1] if normalize_by_num_entries else len(difference)
    share = 1 / difference.shape[1] if l2_prescale_by_channels else 1.
    shifted = abs(difference) + p_epsilon
    inner = share * (shifted ** p).sum(1, keepdims=True) + q_epsilon
    slope = q * inner ** (q - 1) * share * p * shifted ** (p - 1) * np.where(difference > 0, 1., -1.)
    return (inner ** q).sum() / norm, np.where(known, slope, 0) / norm
