"""L1Loss: lmb-freiburg/flownet2, src/caffe/layers/l1loss_layer.cu and .cpp (it has no CPU code)."""

from __future__ import annotations

import numpy as np


def l1_loss(first, second=None, **options):
    """The loss, of `first` - `second` or of `first` alone."""
    return _l1(first, second, **options)[0]


def l1_loss_backward(first, second=None, *, top_diff=1., **options):
    """The diffs of the bottoms: the derivative, for a loss's diff (its weight) of `top_diff`.

    At a difference of 0 without l2_per_location, and outside the plateau, the first's is that of -1, as for a negative
    one. Entries that are NaN get 0.
    """
    diff = _l1(first, second, **options)[1] * top_diff
    return [diff] if second is None else [diff, -diff]


def _l1(first, second, *, l2_per_location=False, l2_prescale_by_channels=False, normalize_by_num_entries=False,
        epsilon=1e-2, plateau=0.):
    """The loss and its derivative by the difference.

    The sum of the absolute differences over the batch size, or with normalize_by_num_entries over a channel's share of
    the entries that are not NaN. NaN counts as 0; so does a difference smaller than the plateau. With l2_per_location
    it is the sum over the pixels of sqrt(the sum of squares over the channels + epsilon), where the sum of squares is
    divided by the channels with l2_prescale_by_channels, and is 0 if smaller than the plateau squared: a pixel without
    any error adds sqrt(epsilon) nonetheless.
    """
    difference = first - second if second is not None else np.array(first)
    known = ~np.isnan(difference)
    difference[~known] = 0
    norm = known.sum() / difference.shape[1] if normalize_by_num_entries else difference.shape[0]
    if not l2_per_location:
        counted = known & ~(abs(difference) < plateau)
        sign = np.where(difference > 0, 1., -1.)
        return np.where(counted, abs(difference), 0).sum() / norm, np.where(counted, sign, 0) / norm
    share = 1 / difference.shape[1] if l2_prescale_by_channels else 1.
    squares = share * (difference ** 2).sum(1, keepdims=True)
    flat = squares < plateau ** 2
    roots = np.sqrt(np.where(flat, 0, squares) + epsilon)
    return roots.sum() / norm, np.where(flat, 0, share * difference / roots) / norm
