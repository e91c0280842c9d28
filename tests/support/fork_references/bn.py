"""BN: SegNet's (alexgkendall/caffe-segnet, HyeonwooNoh/caffe and TimoSaemann/caffe-enet, src/caffe/layers/bn_layer.cpp)
and that of PSPNet, ICNet and TSN (hszhao/PSPNet and yjxiong/caffe, the same path).
"""

from __future__ import annotations

import numpy as np

SEGNET_EPS = 1e-9


def channelwise(values):
    """One value a channel, in whatever shape the parameter has, against a batch of images."""
    return np.reshape(values, (1, -1, 1, 1))


def statistics(bottom):
    """The mean and the (biased) variance of each channel, over the batch and the image."""
    mean = np.empty((1, bottom.shape[1], 1, 1))
    variance = np.empty_like(mean)
    for c in range(bottom.shape[1]):
        values = bottom[:, c].ravel()
        mean[0, c] = values.sum() / len(values)
        variance[0, c] = ((values - mean[0, c]) ** 2).sum() / len(values)
    return mean, variance


def segnet_bn(bottom, scale, shift, *, bn_mode="LEARN"):
    """The tops: the values, and in LEARN the batch's mean and variance (1, C, 1, 1), in each phase.

    LEARN normalises by the batch's own statistics, with 1e-9 added to the variance; INFERENCE scales and shifts alone.
    """
    if bn_mode == "INFERENCE":
        return [channelwise(scale) * bottom + channelwise(shift)]
    mean, variance = statistics(bottom)
    normalised = (bottom - mean) / np.sqrt(variance + SEGNET_EPS)
    return [channelwise(scale) * normalised + channelwise(shift), mean, variance]


def segnet_bn_backward(bottom, scale, top_diff, *, bn_mode="LEARN"):
    """The diffs of the bottom, the scale and the shift (1, C, 1, 1): the derivatives by the first top.

    The tops of the mean and the variance pass no diff on. The fork sets the parameters' diffs, so that of iter_size
    passes the last counts: here they are what one pass adds. It takes the bottom of INFERENCE for the scale's diff even
    in place, where it is gone: here it is the bottom that was.
    """
    axes = (0, 2, 3)
    shift_diff = channelwise(top_diff.sum(axes))
    if bn_mode == "INFERENCE":
        return channelwise(scale) * top_diff, channelwise((bottom * top_diff).sum(axes)), shift_diff
    mean, variance = statistics(bottom)
    deviation = np.sqrt(variance + SEGNET_EPS)
    normalised = (bottom - mean) / deviation
    return (_through_statistics(normalised, channelwise(scale) * top_diff) / deviation,
            channelwise((normalised * top_diff).sum(axes)), shift_diff)


def pspnet_bn(bottom, slope, bias, running_mean, running_variance, *, momentum=.9, eps=1e-5, frozen=False,
              phase="TRAIN"):
    """The top, and the running mean and variance after the pass, of the shapes that these have.

    In TRAIN, unless frozen, the batch normalises itself, and the running averages become momentum * old +
    (1 - momentum) * the batch's (the variance biased, without eps); else these normalise. At set-up the running mean
    is 0, and the running variance 0, or 1 if frozen.
    """
    if frozen or phase == "TEST":
        mean, variance = channelwise(running_mean), channelwise(running_variance)
    else:
        mean, variance = statistics(bottom)
        running_mean = momentum * running_mean + (1 - momentum) * mean.reshape(np.shape(running_mean))
        running_variance = momentum * running_variance + (1 - momentum) * variance.reshape(np.shape(running_variance))
    normalised = (bottom - mean) / np.sqrt(variance + eps)
    return channelwise(slope) * normalised + channelwise(bias), running_mean, running_variance


def pspnet_bn_backward(bottom, slope, running_mean, running_variance, top_diff, *, eps=1e-5, frozen=False,
                       phase="TRAIN"):
    """The diffs of the bottom, the slope and the bias (1, C, 1, 1): the derivatives; none of the parameters if frozen.

    The running averages are taken as they stood in the forward pass where they normalise. In TEST the fork takes
    TRAIN's formula, as if the averages were the batch's: here it is the derivative.
    """
    axes = (0, 2, 3)
    batch = not frozen and phase == "TRAIN"
    mean, variance = statistics(bottom) if batch else (channelwise(running_mean), channelwise(running_variance))
    deviation = np.sqrt(variance + eps)
    normalised = (bottom - mean) / deviation
    gradient = channelwise(slope) * top_diff
    bottom_diff = (_through_statistics(normalised, gradient) if batch else gradient) / deviation
    if frozen:
        return bottom_diff, np.zeros((1, bottom.shape[1], 1, 1)), np.zeros((1, bottom.shape[1], 1, 1))
    return bottom_diff, channelwise((normalised * top_diff).sum(axes)), channelwise(top_diff.sum(axes))


def _through_statistics(normalised, gradient):
    """The gradient less what the batch's mean and variance take of it."""
    axes, count = (0, 2, 3), gradient[:, 0].size
    return gradient - (channelwise(gradient.sum(axes)) + normalised
                       * channelwise((gradient * normalised).sum(axes))) / count
