"""The references of CenterLoss and of NormFace's layers, by hand."""

from __future__ import annotations

import numpy as np
from fork_references.center_loss import center_loss, center_loss_backward


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
