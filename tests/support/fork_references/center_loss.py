"""CenterLoss: ydwen/caffe-face, src/caffe/layers/center_loss_layer.cpp, with the distance_type of
happynear/caffe-windows (the same path). Wen et al., A Discriminative Feature Learning Approach for Deep Face
Recognition, ECCV 2016.
"""

from __future__ import annotations

import numpy as np


def center_loss(bottom, label, centers, *, distance_type="L2"):
    """Half the squared distances (L2), or the distances by absolute differences (L1), of the samples to the centers of
    their labels, summed and divided by the batch size. `centers` is (num_output, K), K all values of a sample.
    """
    differences = _differences(bottom, label, centers)
    return ((differences ** 2).sum() / 2 if distance_type == "L2" else abs(differences).sum()) / len(bottom)


def center_loss_backward(bottom, label, centers, *, top_diff=1., distance_type="L2"):
    """The diffs of the bottom, which is the derivative, and of the centers, which is not: the paper's step (its
    equation 4), whatever the loss's weight: the sum of the center less each of its samples (or of the signs of these
    differences, L1), over one more than there are.

    (happynear's adds this once for each sample of the label: corrected here.)
    """
    differences = _differences(bottom, label, centers)
    if distance_type == "L1":
        differences = np.sign(differences)
    centers_diff = np.zeros(centers.shape)
    for number in range(len(centers)):
        of_it = [difference for difference, its in zip(differences, label.ravel()) if int(its) == number]
        centers_diff[number] = -sum(of_it) / (len(of_it) + 1) if of_it else 0
    return differences.reshape(bottom.shape) * top_diff / len(bottom), centers_diff


def _differences(bottom, label, centers):
    """Each sample less the center of its label."""
    samples = bottom.reshape(len(bottom), -1)
    return np.array([sample - centers[int(number)] for sample, number in zip(samples, label.ravel())])
