"""fork_references.smooth_l1_loss by hand."""

import numpy as np
import pytest
from fork_references.smooth_l1_loss import smooth_l1_loss, smooth_l1_loss_backward

A = np.array([[1.0, 0.0], [0.0, 3.0]])
B = np.array([[0.5, 2.0], [0.0, 2.0]])      # differences .5, -2, 0, 1


def test_two_bottoms():
    # .125 + 1.5 + 0 + .5, by 2
    assert smooth_l1_loss(A, B) == pytest.approx(1.0625)
    first, second = smooth_l1_loss_backward(3.0, A, B)
    assert first.tolist() == [[0.75, -1.5], [0, 1.5]]
    assert (second == -first).all()


def test_sigma():
    # sigma 2: quadratic below .25, so .5 - .125, 2 - .125, 0 and 1 - .125
    assert smooth_l1_loss(A, B, sigma=2.0) == pytest.approx((0.375 + 1.875 + 0.875) / 2)
    assert smooth_l1_loss_backward(2.0, A / 5, B / 5, sigma=2.0)[0] == pytest.approx(
        np.array([[0.4, -1.0], [0, 0.8]]))


def test_three_bottoms_weigh_the_difference_once():
    inside = np.array([[0.5, 1], [7, 0]])       # differences .25, -2, 0, 0
    assert smooth_l1_loss(A, B, inside) == pytest.approx((0.03125 + 1.5) / 2)
    assert smooth_l1_loss_backward(2.0, A, B, inside)[0].tolist() == [[0.25, -1], [0, 0]]


def test_four_bottoms_weigh_the_derivative_twice():
    inside, outside = np.array([[0.5, 1], [7, 0]]), np.array([[4.0, -2], [1, 1]])
    assert smooth_l1_loss(A, B, inside, outside) == pytest.approx((4 * 0.03125 - 2 * 1.5) / 2)
    assert smooth_l1_loss_backward(2.0, A, B, inside, outside)[0].tolist() == [[0.25 * 0.5 * 4, 2], [0, 0]]
