"""EuclideanLoss with weights, a third bottom: happynear/caffe-windows, src/caffe/layers/euclidean_loss_layer.cpp."""

from __future__ import annotations


def weighted_euclidean_loss(first, second, weights):
    """Half the sum of (weight * difference)^2, over the batch size."""
    return ((weights * (first - second)) ** 2).sum() / 2 / len(first)


def weighted_euclidean_loss_backward(first, second, weights, *, top_diff=1.):
    """The diffs of the first two bottoms: weight * difference, over the batch size, and its negative.

    The weight is not squared: it is the derivative for weights of 0 and 1 alone. The weights have no diff.
    """
    diff = weights * (first - second) * top_diff / len(first)
    return diff, -diff
