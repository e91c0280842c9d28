"""BatchReduction, and Eltwise's STOCHASTIC_SUM, of TSN: yjxiong/caffe, src/caffe/layers/batch_reduction_layer.cpp and
eltwise_layer.cpp.
"""

from __future__ import annotations

import numpy as np


def batch_reduction(bottom, *, operation="SUM", axis=0, k=1, level=(), pos=False):
    """The entries of an axis reduced: their SUM, their MEAN, or the mean of the `k` largest (TOPK).

    Without levels, or with the level 1 alone, all of the axis, which the top has no longer. Levels cut it into pieces
    of level^2 entries each, which must be all of it; the top's axis has one entry a piece. With pos, for SUM and MEAN
    and at most one level, the axis and the one behind it, equally long, are reduced to the sum of their diagonal.
    """
    axis %= bottom.ndim
    whole = tuple(level) in ((), (1,))
    counts = [bottom.shape[axis]] if whole else [one ** 2 for one in level]
    pieces, first = [], 0
    entries = np.moveaxis(bottom, axis, 0)
    for count in counts:
        values = entries[first:first + count]
        if pos:
            values = np.array([values[i].take(i, axis) for i in range(count)])
        pieces.append(_reduce(values, operation, k))
        first += count
    return pieces[0] if whole else np.stack(pieces, axis)


def _reduce(values, operation, k):
    if operation == "TOPK":
        return np.sort(values, 0)[::-1][:k].sum(0) / k
    return values.sum(0) / (len(values) if operation == "MEAN" else 1)


def stochastic_sum(bottoms, coeff, drawn=None):
    """In TRAIN the sum of the bottoms whose number in `drawn`, uniform in [0, 1), is at most their coefficient; in TEST
    (None) of each times its coefficient. The backward is the derivative. (The fork's CPU code ends its backward with
    an error: corrected here.)
    """
    shares = coeff if drawn is None else [float(number <= share) for number, share in zip(drawn, coeff)]
    return sum(share * bottom for share, bottom in zip(shares, bottoms))
