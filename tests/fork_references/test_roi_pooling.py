"""fork_references.roi_pooling by hand."""

import numpy as np
from fork_references.roi_pooling import LOWEST, c_round, roi_pooling, roi_pooling_backward

PLANE = np.arange(16.0).reshape(1, 1, 4, 4)


def test_bins_overlap_and_hold_both_corners():
    # 3 x 3 elements from (1, 0) in 2 x 2 bins of 1.5: rows 0-1 and 1-2, columns 1-2 and 2-3.
    tops = roi_pooling(PLANE, np.array([[0, 1, 0, 3, 2.0]]), 2, 2)
    assert tops.tolist() == [[[[6, 7], [10, 11]]]]
    diff = roi_pooling_backward(np.array([[[[1, 2], [3, 4.0]]]]), PLANE, np.array([[0, 1, 0, 3, 2.0]]), 2, 2)
    assert diff.tolist() == [[[[0, 0, 0, 0], [0, 0, 1, 2], [0, 0, 3, 4], [0, 0, 0, 0]]]]


def test_coordinates_are_scaled_then_rounded_away_from_zero():
    assert [c_round(x) for x in (0.5, 1.5, 2.5, -0.5, -1.5, 0.49)] == [1, 2, 3, -1, -2, 0]
    # 1 * .5 = .5, which is 1; 5 * .5 = 2.5, which is 3: rows and columns 1 to 3.
    assert roi_pooling(PLANE, np.array([[0, 1, 1, 5, 5.0]]), 1, 1, spatial_scale=0.5).item() == 15
    assert roi_pooling(-PLANE, np.array([[0, 1, 1, 5, 5.0]]), 1, 1, spatial_scale=0.5).item() == -5


def test_empty_bins_are_zero_and_malformed_regions_have_one_element():
    assert roi_pooling(PLANE - 20, np.array([[0, 9, 0, 12, 3.0]]), 1, 1).item() == 0
    malformed = np.array([[0, 2, 1, 0, 0.0]])
    assert roi_pooling(PLANE, malformed, 1, 1).item() == 6
    assert not roi_pooling_backward(np.ones((1, 1, 1, 1)), PLANE, malformed, 1, 1).any()
    assert roi_pooling(np.full((1, 1, 1, 1), np.nan), np.zeros((1, 5)), 1, 1).item() == LOWEST


def test_the_first_of_equals_is_taken_and_regions_add_up():
    rois = np.array([[1, 0, 0, 1, 1], [1, 0, 0, 0, 1.0]])
    diff = roi_pooling_backward(np.array([[[[2.0]]], [[[3.0]]]]), np.ones((2, 1, 2, 2)), rois, 1, 1)
    assert diff.tolist() == [[[[0, 0], [0, 0]]], [[[5, 0], [0, 0]]]]
