"""Online hard examples of R-FCN: SmoothL1LossOHEM, SoftmaxWithLossOHEM and BoxAnnotatorOHEM.

intel/caffe, src/caffe/layers/smooth_L1_loss_ohem_layer.cpp, softmax_loss_ohem_layer.cpp, box_annotator_ohem_layer.cpp;
daijifeng001/caffe-rfcn has the same computation in .cu, the losses as SmoothL1Loss and SoftmaxWithLoss.

On the CPU Intel's softmax loss sums the places before those that are ignored, and leaves what it had in those; here as
on the GPU, where an ignored place lacks 0.
"""

from __future__ import annotations

import numpy as np

from .smooth_l1_loss import smooth_l1_loss, smooth_l1_loss_backward
from .softmax_with_loss import SMALLEST, softmax, softmax_with_loss, softmax_with_loss_backward


def smooth_l1_loss_ohem(prediction, target, inside=1.0, *, normalization="VALID", pre_fixed_normalizer=1.0):
    """The sum of f(inside * (prediction - target)) by the normalizer, and the sums over the channels (N, 1, H, W).

    FULL and VALID are N * H * W, BATCH_SIZE is N; f is that of SmoothL1Loss without sigma.
    """
    shape = prediction.shape + (1,) * (4 - prediction.ndim)
    sums = np.zeros((shape[0], 1, *shape[2:]))
    for place in np.ndindex(shape):
        one = [np.reshape(np.broadcast_to(array, prediction.shape), shape)[place].reshape(1, 1)
               for array in (prediction, target, inside)]
        sums[place[0], 0, place[2], place[3]] += smooth_l1_loss(*one)
    return [np.float64(sums.sum() / _normalizer(normalization, sums.shape, pre_fixed_normalizer)), sums]


def smooth_l1_loss_ohem_backward(top_diff, prediction, target, inside=1.0, *, normalization="VALID",
                                 pre_fixed_normalizer=1.0):
    """The diffs of prediction and target, from the diff of the first top alone.

    They are the derivatives where the weights are 0 or 1, for the fork does not multiply by them once more.
    """
    shape = prediction.shape + (1,) * (4 - prediction.ndim)
    scale = float(top_diff) * len(prediction) / _normalizer(normalization, (shape[0], 1, *shape[2:]),
                                                            pre_fixed_normalizer)
    return smooth_l1_loss_backward(scale, prediction, target, inside)


def softmax_with_loss_ohem(scores, labels, *, axis=1, ignore_label=None, normalization="VALID",
                           pre_fixed_normalizer=1.0):
    """SoftmaxWithLoss, the probabilities, and what each label lacks, in the shape of the labels."""
    axis %= scores.ndim
    probabilities = softmax(scores, axis)
    rows = np.moveaxis(probabilities, axis, -1).reshape(-1, scores.shape[axis])
    lacking = [0.0 if int(label) == ignore_label else -np.log(max(row[int(label)], SMALLEST))
               for row, label in zip(rows, np.ravel(labels))]
    loss = softmax_with_loss(scores, labels, axis=axis, ignore_label=ignore_label, normalization=normalization,
                             pre_fixed_normalizer=pre_fixed_normalizer)
    return [loss, probabilities, np.reshape(lacking, np.shape(labels))]


def softmax_with_loss_ohem_backward(top_diff, scores, labels, **options):
    """The diff of the scores, from the diff of the first top alone."""
    return softmax_with_loss_backward(top_diff, scores, labels, **options)


def box_annotator_ohem(rois, losses, labels, weights, *, roi_per_img, ignore_label=-1):
    """The labels and weights of the roi_per_img hardest regions of each image; of others ignore_label and 0.

    rois are (N, 5, H, W), of which the first channel is the image; losses and labels (N, 1, H, W), weights
    (N, C, H, W). Of equal losses the first counts as the greater; the fork leaves that to std::sort.
    """
    rois, losses, labels, weights = (array.reshape(array.shape + (1,) * (4 - array.ndim))
                                     for array in (rois, losses, labels, weights))
    chosen, taken = [np.full(labels.shape, float(ignore_label)), np.zeros(weights.shape)], {}
    for place in sorted(np.ndindex(losses.shape), key=lambda place: -losses[place]):
        n, _, h, w = place
        image = int(rois[n, 0, h, w])
        taken[image] = taken.get(image, 0) + 1
        if taken[image] <= roi_per_img:
            chosen[0][place] = labels[place]
            chosen[1][n, :, h, w] = weights[n, :, h, w]
    return chosen


def _normalizer(normalization, shape, pre_fixed_normalizer):
    places = shape[0] * shape[2] * shape[3]
    return max(1.0, {"FULL": places, "VALID": places, "BATCH_SIZE": shape[0], "PRE_FIXED": pre_fixed_normalizer,
                     "NONE": 1}[normalization])
