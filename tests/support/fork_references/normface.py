"""NormFace's layers: happynear/caffe-windows (branches ms and experiment), src/caffe/layers/normalize_layer.cpp,
inner_distance_layer.cpp, general_constrastive_loss_layer.cpp and label_specific_margin.cu.
"""

from __future__ import annotations

import math

import numpy as np


def normalize(bottom, *, normalize_type="L2", eps=1e-6):
    """[each pixel's channels over their norm, the norms (N, 1, H, W), which a second top has]: sqrt(the sum of squares
    + eps), or with L1 the sum of absolute values + eps. eps is the fork's on the CPU; its GPU code has 1e-12 for L2.
    """
    norm = (np.sqrt((bottom ** 2).sum(1, keepdims=True) + eps) if normalize_type == "L2"
            else abs(bottom).sum(1, keepdims=True) + eps)
    return [bottom / norm, norm]


def normalize_backward(bottom, top_diff, norm_diff=None, *, normalize_type="L2", bp_norm=False, fix_gradient=False,
                       eps=1e-6):
    """The bottom's diff: the derivative, by the second top only with bp_norm and if there is one (`norm_diff`); with
    fix_gradient, which the fork obeys on the GPU alone, the first top's part is not divided by the norm.
    """
    top, norm = normalize(bottom, normalize_type=normalize_type, eps=eps)
    slope = top if normalize_type == "L2" else np.sign(bottom)      # of the norm by the bottom
    diff = top_diff - slope * (top * top_diff).sum(1, keepdims=True)
    if not fix_gradient:
        diff = diff / norm
    return diff + slope * norm_diff if bp_norm and norm_diff is not None else diff


def inner_distance(bottom, weights, *, axis=1, distance_type="L2"):
    """The squared Euclidean distance (L2), or the sum of absolute differences (L1), of each sample to each row of the
    weights (num_output, K), which are the layer's or the second bottom. The first `axis` axes number the samples.

    There is no bias, whatever bias_term is, and no transpose.
    """
    samples = bottom.reshape(math.prod(bottom.shape[:axis]), -1)
    rows = weights.reshape(len(weights), -1)
    top = np.empty((len(samples), len(rows)))
    for m, n in np.ndindex(*top.shape):
        difference = samples[m] - rows[n]
        top[m, n] = (difference ** 2).sum() if distance_type == "L2" else abs(difference).sum()
    return top.reshape(*bottom.shape[:axis], len(rows))


def normalized_weights(weights):
    """What the layer's own weights become in each forward pass with `normalize`: rows over their norm. (1e-6 is added
    to the sum of squares on the CPU, nothing on the GPU.)
    """
    return weights / np.sqrt((weights ** 2).sum(1, keepdims=True) + 1e-6)


def inner_distance_backward(bottom, weights, top_diff, label=None, *, axis=1, distance_type="L2"):
    """The diffs of the bottom and the weights: the derivatives (by the weights as they are after `normalize`).

    With update_center_only, for which `label` (the last bottom) is given, a sample moves its own label's row alone.
    (The fork then takes a second bottom that is the label for the weights, too: corrected here.)
    """
    samples = bottom.reshape(math.prod(bottom.shape[:axis]), -1)
    rows = weights.reshape(len(weights), -1)
    diffs = top_diff.reshape(len(samples), len(rows))
    bottom_diff, weights_diff = np.zeros(samples.shape), np.zeros(rows.shape)
    for m, n in np.ndindex(*diffs.shape):
        difference = samples[m] - rows[n]
        slope = diffs[m, n] * (2 * difference if distance_type == "L2" else np.sign(difference))
        bottom_diff[m] += slope
        if label is None or int(label.ravel()[m]) == n:
            weights_diff[n] -= slope
    return bottom_diff.reshape(bottom.shape), weights_diff.reshape(weights.shape)


def general_contrastive_loss(bottom, label, *, intra_mae=0., **options):
    """[the loss, (mean positive, mean negative distance), which a second top has, with add_intra_mae followed by the
    running one], and the running mean of positive distances for the next pass, 0 at first.

    `bottom` (N, classes) are distances, each sample's to each class. (With a third bottom the values are taken from it,
    and the diff goes to the first nonetheless.)
    """
    state = _Contrast(bottom, label, intra_mae=intra_mae, **options)
    distances = [state.positive / len(bottom), state.negative / len(bottom) / (bottom[0].size - 1)]
    if options.get("add_intra_mae"):
        distances.append(state.next_mae)
    return [abs(state.losses).sum() / len(bottom), np.array(distances)], state.next_mae


def general_contrastive_loss_backward(bottom, label, *, top_diff=1., intra_mae=0., **options):
    """The first bottom's diff. It is the derivative but for this: the positive's is positive_weight up to
    positive_outlier_thresh (not this plus the margin), and also above it where positive_first lets it alone count; and
    with normalize_negative, if the negatives' weights sum to more than positive_weight * normalize_negative * N, they
    are divided by what is too much.
    """
    state = _Contrast(bottom, label, intra_mae=intra_mae, **options)
    slopes = np.array(state.slopes)
    norm = options.get("normalize_negative")
    if norm is not None:
        excess = abs(slopes[~state.own].sum()) / norm / len(bottom)
        if excess > options.get("positive_weight", 1.):
            slopes[~state.own] /= excess
    return slopes.reshape(bottom.shape) * top_diff / len(bottom)


class _Contrast:
    """Losses and slopes of each distance, before they are divided by the batch size.

    max_positive_only lets the batch's smallest positive count alone, as the fork has it, and not the largest. Of
    max_negative_only the fork compares the negatives of label 0 with the positive, too: corrected here.
    """

    def __init__(self, bottom, label, *, intra_mae,
                 positive_margin=0., negative_margin=1., positive_weight=1.,
                 negative_weight=1., normalize_negative=None, positive_outlier_thresh=4., max_negative_only=False,
                 max_positive_only=False, positive_first=False, positive_upper_bound=1., exp_negative_weight=False,
                 add_intra_mae=False, max_negative_margin=1.2):
        distances = bottom.reshape(len(bottom), -1)
        label = label.ravel().astype(int)
        if add_intra_mae:
            negative_margin = negative_margin + intra_mae
        self.own = np.zeros(distances.shape, bool)
        self.own[np.arange(len(label)), label] = True
        near = ~self.own & (distances < negative_margin)
        positives = np.clip(distances[self.own] - positive_margin, 0, positive_outlier_thresh)
        self.positive, self.negative = positives.sum(), (negative_margin - distances[near]).sum()
        self.next_mae = min(.99 * intra_mae + .01 * self.positive / len(label), max_negative_margin)
        weights = negative_weight * (np.exp(-distances) if exp_negative_weight else np.ones(distances.shape))
        self.losses = np.where(near, weights * (1 if exp_negative_weight else negative_margin - distances), 0)
        self.slopes = np.where(near, -weights, 0)
        rising = (distances > positive_margin) & (distances < positive_outlier_thresh)
        self.losses[self.own] = positive_weight * positives
        self.slopes[self.own] = np.where(rising[self.own], positive_weight, 0)
        alone = positive_first & (distances[self.own] > positive_upper_bound)
        self._keep_extremes(max_positive_only, max_negative_only)
        rest = ~self.own & alone[:, None]
        self.losses[rest] = self.slopes[rest] = 0
        self.slopes[self.own & alone[:, None]] = positive_weight

    def _keep_extremes(self, max_positive_only, max_negative_only):
        if max_positive_only:
            dropped = self.own.copy()
            dropped[np.argmin(self.losses[self.own])] = False
            self.losses[dropped] = self.slopes[dropped] = 0
        if max_negative_only:
            dropped = ~self.own
            dropped[np.arange(len(dropped)), np.argmax(np.where(self.own, -np.inf, self.losses), 1)] = False
            self.losses[dropped] = self.slopes[dropped] = 0


def label_specific_margin(bottom, label, margin, *, type="HARD", phase="TRAIN", margin_on_test=False):     # noqa: A002
    """The cosines, but those of the labels' classes at a larger angle: HARD adds `margin` degrees; SOFT multiplies the
    angle by it, up to pi - 1e-4. A margin of 0, and TEST, change nothing.

    Cosines beyond 1 - 1e-4 count as that, as on the fork's GPU (its CPU code knows HARD alone, without bounds). The
    fork obeys margin_on_test in no phase, and SOFT limits the angle and multiplies it after that: corrected here.
    auto_tune is not stated.
    """
    top = np.array(bottom, np.float64)
    if margin == 0 or (phase == "TEST" and not margin_on_test):
        return top
    for i, its in enumerate(label.ravel().astype(int)):
        top[i, its] = math.cos(_larger_angle(bottom[i, its], margin, type))
    return top


def label_specific_margin_backward(bottom, label, top_diff, margin, *, type="HARD", phase="TRAIN",      # noqa: A002
                                   margin_on_test=False, pass_bp=False):
    """The bottom's diff: the top's, times the derivative at the labels' classes, but this no less than 0 and no more
    than 2; with pass_bp the top's as it is.
    """
    diff = np.array(top_diff, np.float64)
    if margin == 0 or (phase == "TEST" and not margin_on_test) or pass_bp:
        return diff
    for i, its in enumerate(label.ravel().astype(int)):
        cosine = float(np.clip(bottom[i, its], -1 + 1e-4, 1 - 1e-4))
        slope = math.sin(_larger_angle(cosine, margin, type)) / math.sqrt(1 - cosine ** 2)
        diff[i, its] *= min(max(slope * (margin if type == "SOFT" else 1), 0), 2)
    return diff


def margin_at(iteration, *, margin_base=None, margin_max=None, gamma=1., power=1., kept=0.):
    """The margin of the pass of this number (`iteration` is that of the field and one more each pass): `kept`, what the
    blob holds, unless margin_base is written.
    """
    margin = kept if margin_base is None else margin_base + (1 + gamma * iteration) ** power - 1
    return margin if margin_max is None else min(margin, margin_max)


def _larger_angle(cosine, margin, kind):
    angle = math.acos(float(np.clip(cosine, -1 + 1e-4, 1 - 1e-4)))
    return angle + math.radians(margin) if kind == "HARD" else min(margin * angle, math.pi - 1e-4)
