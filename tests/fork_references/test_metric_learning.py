"""The references of CenterLoss, NormFace's layers and the weighted EuclideanLoss, by hand."""

from __future__ import annotations

import numpy as np
from fork_references.center_loss import center_loss, center_loss_backward
from fork_references.euclidean_loss import weighted_euclidean_loss, weighted_euclidean_loss_backward
from fork_references.normface import (
    general_contrastive_loss,
    general_contrastive_loss_backward,
    inner_distance,
    inner_distance_backward,
    label_specific_margin,
    label_specific_margin_backward,
    margin_at,
    normalize,
    normalize_backward,
)
from fork_references.normface_others import general_triplet_loss, label_specific_rescale, rescale_at


def test_center_loss_draws_samples_and_centers_together():
    bottom, label, centers = np.array([[1., 2], [3, 4]]), np.array([0., 0]), np.array([[1., 1], [9, 9]])

    assert center_loss(bottom, label, centers) == (0 + 1 + 4 + 9) / 4
    assert center_loss(bottom, label, centers, distance_type="L1") == (0 + 1 + 2 + 3) / 2
    bottom_diff, centers_diff = center_loss_backward(bottom, label, centers, top_diff=10)
    np.testing.assert_array_equal(bottom_diff, [[0, 5], [10, 15]])
    np.testing.assert_allclose(centers_diff, [[-2 / 3, -4 / 3], [0, 0]])
    bottom_diff, centers_diff = center_loss_backward(bottom, label, centers, top_diff=10, distance_type="L1")
    np.testing.assert_array_equal(bottom_diff, [[0, 5], [5, 5]])
    np.testing.assert_allclose(centers_diff, [[-1 / 3, -2 / 3], [0, 0]])


def test_normalize_divides_by_the_norm_over_channels():
    bottom = np.array([3., 4]).reshape(1, 2, 1, 1)
    top, norm = normalize(bottom, eps=0)

    np.testing.assert_array_equal(top.ravel(), [.6, .8])
    np.testing.assert_array_equal(norm.ravel(), [5])
    np.testing.assert_allclose(normalize(-bottom, normalize_type="L1", eps=1)[0].ravel(), [-3 / 8, -.5])
    one = np.array([1., 0]).reshape(1, 2, 1, 1)
    # (dy - y (y dy)) / norm = (1 - .36, -.48) / 5
    np.testing.assert_allclose(normalize_backward(bottom, one, eps=0).ravel(), [.128, -.096])
    np.testing.assert_allclose(normalize_backward(bottom, one, eps=0, fix_gradient=True).ravel(), [.64, -.48])
    norm_diff = np.full((1, 1, 1, 1), 10.)
    np.testing.assert_allclose(normalize_backward(bottom, one, norm_diff, eps=0).ravel(), [.128, -.096])
    np.testing.assert_allclose(normalize_backward(bottom, one, norm_diff, bp_norm=True, eps=0).ravel(), [6.128, 7.904])


def test_inner_distance():
    bottom, weights = np.array([[1., 2]]), np.array([[0., 0], [4, -2]])

    np.testing.assert_array_equal(inner_distance(bottom, weights), [[5, 25]])
    np.testing.assert_array_equal(inner_distance(bottom, weights, distance_type="L1"), [[3, 7]])
    bottom_diff, weights_diff = inner_distance_backward(bottom, weights, np.array([[1., 10]]))
    np.testing.assert_array_equal(bottom_diff, [[2 - 60, 4 + 80]])
    np.testing.assert_array_equal(weights_diff, [[-2, -4], [60, -80]])
    _, weights_diff = inner_distance_backward(bottom, weights, np.array([[1., 10]]), np.array([1.]))
    np.testing.assert_array_equal(weights_diff, [[0, 0], [60, -80]])
    _, weights_diff = inner_distance_backward(bottom, weights, np.array([[1., 10]]), distance_type="L1")
    np.testing.assert_array_equal(weights_diff, [[-1, -1], [10, -10]])


DISTANCES, LABEL = np.array([[.5, .25, 3], [.75, 2, .5]]), np.array([0., 1])


def test_general_contrastive_loss():
    (loss, distances), mae = general_contrastive_loss(DISTANCES, LABEL)

    # Positive .5 and 2; below the margin of 1: .75; .25 and .5.
    assert loss == (.5 + 2 + .75 + .25 + .5) / 2
    np.testing.assert_array_equal(distances, [1.25, 1.5 / 4])
    assert mae == .0125
    np.testing.assert_array_equal(general_contrastive_loss_backward(DISTANCES, LABEL, top_diff=2),
                                  [[1, -1, 0], [-1, 1, -1]])
    np.testing.assert_array_equal(
        general_contrastive_loss_backward(DISTANCES, LABEL, top_diff=2, positive_outlier_thresh=1.5, positive_margin=.5,
                                          normalize_negative=.5), [[0, -1 / 3, 0], [-1 / 3, 0, -1 / 3]])


def test_general_contrastive_loss_of_extremes():
    (loss, _), _ = general_contrastive_loss(DISTANCES, LABEL, max_negative_only=True, positive_first=True)

    assert loss == (.5 + .75 + 2) / 2
    np.testing.assert_array_equal(
        general_contrastive_loss_backward(DISTANCES, LABEL, top_diff=2, max_negative_only=True), [[1, -1, 0],
                                                                                                  [0, 1, -1]])
    np.testing.assert_array_equal(
        general_contrastive_loss_backward(DISTANCES, LABEL, top_diff=2, max_positive_only=True, positive_first=True),
        [[1, -1, 0], [0, 1, 0]])
    (_, distances), _ = general_contrastive_loss(DISTANCES, LABEL, add_intra_mae=True, intra_mae=1)
    np.testing.assert_allclose(distances, [1.25, (1.75 + 1.25 + 1.5) / 4, 1.0025])


def test_label_specific_margin():
    bottom, label = np.array([[.5, .8], [.6, .1]]), np.array([0., 0])

    np.testing.assert_allclose(label_specific_margin(bottom, label, 30), [[0, .8], [.6 * .75 ** .5 - .4, .1]],
                               atol=1e-15)
    np.testing.assert_allclose(label_specific_margin(bottom, label, 2, type="SOFT"), [[-.5, .8], [-.28, .1]])
    np.testing.assert_array_equal(label_specific_margin(bottom, label, 30, phase="TEST"), bottom)
    # cos 30 + x / sqrt(1 - x^2) sin 30; 2 sin 2t / sin t = 4 x, at most 2.
    ones = np.ones((2, 2))
    np.testing.assert_allclose(label_specific_margin_backward(bottom, label, ones, 30),
                               [[.75 ** .5 + .25 / .75 ** .5, 1], [.75 ** .5 + .375, 1]])
    np.testing.assert_allclose(label_specific_margin_backward(np.array([[.25, 1]]), LABEL[:1], ones[:1], 2,
                                                              type="SOFT"), [[1, 1]])
    assert margin_at(3, margin_base=1, gamma=2, power=2) == 49
    assert margin_at(3, margin_base=1, gamma=2, power=2, margin_max=10) == 10


def test_weights_of_euclidean_loss():
    first, second, weights = np.array([[1., 2], [3, 4]]), np.zeros((2, 2)), np.array([[1., 0], [2, 0]])

    assert weighted_euclidean_loss(first, second, weights) == (1 + 36) / 4
    np.testing.assert_array_equal(weighted_euclidean_loss_backward(first, second, weights, top_diff=2)[1],
                                  [[-1, 0], [-6, 0]])


def test_general_triplet_loss():
    (loss, distances), diff = general_triplet_loss(DISTANCES, LABEL, margin=.5)

    # Nearer than .5 + .5: .25. Nearer than 2 + .5: .75 and .5.
    assert loss == (.75 + 1.75 + 2) / 2
    np.testing.assert_array_equal(distances, [1.25, 4.5 / 4])
    np.testing.assert_array_equal(diff, [[.5, -.5, 0], [-.5, .5, -.5]])
    (loss, _), diff = general_triplet_loss(DISTANCES, LABEL, np.array([1., 10]), margin=.5, hardest_only=True)
    assert loss == (.75 + 2) / 2
    np.testing.assert_array_equal(diff, [[.5, -.5, 0], [0, 5, -5]])
    (loss, _), diff = general_triplet_loss(DISTANCES, LABEL, margin=-.5, add_center_loss=False, positive_first=True)
    assert loss == 0
    np.testing.assert_array_equal(diff, [[0, 0, 0], [0, .5, 0]])


def test_label_specific_rescale():
    bottom = np.array([[2., -1], [3, -4]])

    np.testing.assert_array_equal(label_specific_rescale(bottom, LABEL, positive_weight=2, negative_weight=.5),
                                  [[4, -.5], [1.5, -8]])
    np.testing.assert_array_equal(label_specific_rescale(bottom, LABEL, positive_weight=2, for_ip=True, bias_fix=True),
                                  [[3, -1], [3, -4]])
    np.testing.assert_array_equal(label_specific_rescale(bottom, LABEL, positive_weight=2, phase="TEST"), bottom)
    assert rescale_at(1, positive_weight_base=8, gamma=1, power=2) == 2
    assert rescale_at(1, positive_weight_base=8, gamma=1, power=2, positive_weight_min=3) == 3
