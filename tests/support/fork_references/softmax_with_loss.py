"""SoftmaxWithLoss with what forks add to it: class weights of SegNet (alexgkendall/caffe-segnet, and ENet's,
src/caffe/layers/softmax_loss_layer.cpp), and PRE_FIXED of R-FCN and Intel (intel/caffe, the same file).

SegNet divides by the number of labels even where that is 0; here by 1 at least, as Caffe 1.0.
"""

from __future__ import annotations

import numpy as np

SMALLEST = float(np.finfo(np.float32).tiny)


def softmax_with_loss(scores, labels, *, axis=1, ignore_label=None, normalization="VALID", pre_fixed_normalizer=1.0,
                      weight_by_label_freqs=False, class_weighting=()):
    """The weighted mean of -log(softmax(scores) of the label), each by the weight of its label's class.

    The weights do not enter the normalizer. `normalize: false` is normalization "BATCH_SIZE".
    """
    probabilities, weights, chosen = _parts(scores, labels, axis, ignore_label, weight_by_label_freqs, class_weighting)
    loss = sum(-weights[place] * np.log(max(probabilities[place[0], label, place[1]], SMALLEST))
               for place, label in chosen.items())
    return np.float64(loss / _normalizer(normalization, weights.shape, chosen, pre_fixed_normalizer))


def softmax_with_loss_backward(top_diff, scores, labels, *, axis=1, ignore_label=None, normalization="VALID",
                               pre_fixed_normalizer=1.0, weight_by_label_freqs=False, class_weighting=()):
    """The diff of the scores: weight * (softmax - 1 at the label), 0 where the label is ignored."""
    probabilities, weights, chosen = _parts(scores, labels, axis, ignore_label, weight_by_label_freqs, class_weighting)
    diff = np.zeros(probabilities.shape)
    for (outer, inner), label in chosen.items():
        diff[outer, :, inner] = weights[outer, inner] * probabilities[outer, :, inner]
        diff[outer, label, inner] -= weights[outer, inner]
    diff *= float(top_diff) / _normalizer(normalization, weights.shape, chosen, pre_fixed_normalizer)
    return diff.reshape(np.shape(scores))


def softmax(scores, axis=1):
    powers = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def _parts(scores, labels, axis, ignore_label, weight_by_label_freqs, class_weighting):
    """Probabilities (outer, classes, inner), weights (outer, inner), and the label of each place that counts."""
    shape = scores.shape
    axis %= len(shape)
    outer, inner = int(np.prod(shape[:axis])), int(np.prod(shape[axis + 1:]))
    probabilities = softmax(scores, axis).reshape(outer, shape[axis], inner)
    whole = np.trunc(np.reshape(labels, (outer, inner))).astype(int)
    chosen = {place: label for place, label in np.ndenumerate(whole) if label != ignore_label}
    weights = np.ones((outer, inner))
    if weight_by_label_freqs:
        for place, label in chosen.items():
            weights[place] = class_weighting[label]
    return probabilities, weights, chosen


def _normalizer(normalization, shape, chosen, pre_fixed_normalizer):
    return max(1.0, {"FULL": shape[0] * shape[1], "VALID": len(chosen), "BATCH_SIZE": shape[0],
                     "PRE_FIXED": pre_fixed_normalizer, "NONE": 1}[normalization])
