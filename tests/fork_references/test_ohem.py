"""fork_references.ohem by hand."""

import numpy as np
import pytest
from fork_references.ohem import (
    box_annotator_ohem,
    smooth_l1_loss_ohem,
    smooth_l1_loss_ohem_backward,
    softmax_with_loss_ohem,
    softmax_with_loss_ohem_backward,
)

# One item of two channels and two places, against 0: lacking .125 | 1.5 in the first channel, 0 | .5 in the second.
A = np.array([0.5, -2, 0, 1]).reshape(1, 2, 1, 2)


@pytest.mark.parametrize("normalization, divisor", [
    ("FULL", 2), ("VALID", 2), ("BATCH_SIZE", 1), ("NONE", 1), ("PRE_FIXED", 5)])
def test_smooth_l1(normalization, divisor):
    options = {"normalization": normalization, "pre_fixed_normalizer": 5.0}
    loss, sums = smooth_l1_loss_ohem(A, 0 * A, **options)
    assert loss == pytest.approx(2.125 / divisor)
    assert sums.tolist() == [[[[0.125, 2.0]]]]
    first, second = smooth_l1_loss_ohem_backward(divisor, A, 0 * A, **options)
    assert first.ravel() == pytest.approx([0.5, -1, 0, 1])
    assert (second == -first).all()


def test_smooth_l1_of_vectors_and_weights():
    loss, sums = smooth_l1_loss_ohem(np.array([[1.0, 2], [3, 4]]), np.zeros((2, 2)), np.array([[1.0, 0], [1, 1]]))
    assert loss == pytest.approx((0.5 + 2.5 + 3.5) / 2)
    assert sums.tolist() == [[[[0.5]]], [[[6.0]]]]


def test_softmax():
    scores = np.log(np.array([[1.0, 3], [1, 1], [3, 1]]))
    loss, probabilities, lacking = softmax_with_loss_ohem(scores, np.array([1.0, -1, 1]), ignore_label=-1)
    assert lacking == pytest.approx([np.log(4 / 3), 0, np.log(4)])
    assert loss == pytest.approx((np.log(4 / 3) + np.log(4)) / 2)
    assert probabilities == pytest.approx(np.array([[0.25, 0.75], [0.5, 0.5], [0.75, 0.25]]))
    assert softmax_with_loss_ohem_backward(2.0, scores, np.array([1.0, -1, 1]), ignore_label=-1) == pytest.approx(
        np.array([[0.25, -0.25], [0, 0], [0.75, -0.75]]))


def test_the_hardest_of_each_image():
    rois = np.array([[0.0] * 5, [1] * 5, [0] * 5, [0] * 5])
    labels, weights = box_annotator_ohem(rois, np.array([1.0, 0.1, 3, 2]).reshape(4, 1),
                                         np.array([5.0, 6, 7, 8]).reshape(4, 1), np.arange(8.0).reshape(4, 2),
                                         roi_per_img=2)
    assert labels.ravel().tolist() == [-1, 6, 7, 8]
    assert weights.reshape(4, 2).tolist() == [[0, 0], [2, 3], [4, 5], [6, 7]]


def test_the_hardest_places():
    rois = np.zeros((1, 5, 1, 2))
    rois[0, 0, 0, 1] = 1
    labels, _ = box_annotator_ohem(rois, np.ones((1, 1, 1, 2)), np.array([3.0, 4]).reshape(1, 1, 1, 2),
                                   np.ones((1, 4, 1, 2)), roi_per_img=1, ignore_label=9)
    assert labels.tolist() == [[[[3, 4]]]]
    labels, weights = box_annotator_ohem(0 * rois, np.ones((1, 1, 1, 2)), np.array([3.0, 4]).reshape(1, 1, 1, 2),
                                         np.ones((1, 4, 1, 2)), roi_per_img=1, ignore_label=9)
    assert (labels.tolist(), weights.sum()) == ([[[[3, 9]]]], 4)
