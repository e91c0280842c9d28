"""GeneralTripletLoss and LabelSpecificRescale: happynear/caffe-windows (branches ms and experiment),
src/caffe/layers/general_triplet_loss_layer.cpp and label_specific_rescale.cpp.
"""

from __future__ import annotations

import numpy as np


def general_triplet_loss(bottom, label, weights=None, *, margin=.2, add_center_loss=True, hardest_only=False,
                         positive_weight=1., negative_weight=1., positive_first=False, positive_upper_bound=1.):
    """[the loss, (mean positive, mean negative distance), which a second top has], and the bottom's diff for a loss's
    diff of 1.

    `bottom` (N, classes) are distances. A class that is not farther than the label's by the margin adds negative_weight
    times what is missing; with hardest_only only the worst of a sample. A sample farther than positive_upper_bound adds
    none with positive_first. The diff is not the derivative: it is -negative_weight for each such class, and
    positive_weight, once, for the label if there is any, or in any case with add_center_loss (or where positive_first
    leaves it alone). A third bottom's `weights` (N) multiply the diff, not the loss.

    (With hardest_only the fork leaves a worst class at the distance 0 out of the diff: corrected here.)
    """
    n, classes = bottom.shape
    own = np.eye(classes, dtype=bool)[label.ravel().astype(int)]
    same = bottom[own][:, None]
    missing = np.where(own, 0, np.maximum(same + margin - bottom, 0))
    if hardest_only:
        missing[np.arange(classes) != missing.argmax(1)[:, None]] = 0
    alone = positive_first & (same > positive_upper_bound)
    missing = np.where(alone, 0, missing)
    diff = np.where(missing > 0, -negative_weight, 0.)
    drawn = (missing > 0).any(1) | add_center_loss | alone[:, 0]
    diff[own] = np.where(drawn, positive_weight, 0.)
    if weights is not None:
        diff *= weights.reshape(n, 1)
    distances = [same.sum() / n, bottom[~own].sum() / n / (classes - 1)]
    return [abs(missing * negative_weight).sum() / n, np.array(distances)], diff / n


def label_specific_rescale(bottom, label, *, positive_weight=1., negative_weight=1., for_ip=False, bias_fix=False,
                           rescale_test=False, phase="TRAIN"):
    """The values of the labels' classes times positive_weight (with for_ip only those above 0; with bias_fix plus 1
    less positive_weight), others times negative_weight. TEST changes nothing without rescale_test. The backward is the
    derivative; with do_backward false it hands the top's diff on.
    """
    if phase == "TEST" and not rescale_test:
        return np.array(bottom)
    own = np.eye(bottom.shape[1], dtype=bool)[label.ravel().astype(int)]
    scaled = bottom * positive_weight + (1 - positive_weight if bias_fix else 0)
    return np.where(own, np.where((bottom > 0) | (not for_ip), scaled, bottom), bottom * negative_weight)


def rescale_at(iteration, *, positive_weight_base, gamma=0., power=1., positive_weight_min=None,
               positive_weight_max=None):
    """The positive weight of the pass of this number in TRAIN, the first of which is the field's `iteration` + 1."""
    weight = positive_weight_base * (1 + gamma * iteration) ** -power
    if positive_weight_min is not None:
        weight = max(weight, positive_weight_min)
    return weight if positive_weight_max is None else min(weight, positive_weight_max)
