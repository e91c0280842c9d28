"""fork_references.normalize by hand, and as SSD's test_normalize_layer.cpp."""

import numpy as np
import pytest
from fork_references.normalize import normalize, normalize_backward

ITEM = np.array([3.0, 0, 4, 5]).reshape(1, 2, 1, 2)     # channel 0: 3 0; channel 1: 4 5


def test_by_hand():
    each = normalize(ITEM, np.array(10.0), across_spatial=False)
    assert each.ravel() == pytest.approx([6, 0, 8, 10])
    whole = normalize(ITEM, np.array([1.0, 2.0]), channel_shared=False)
    assert whole.ravel() == pytest.approx(np.array([3, 0, 8, 10]) / 50 ** 0.5)
    assert normalize(np.zeros((1, 2, 1, 1)), np.array(1.0)).tolist() == [[[[0]], [[0]]]]


@pytest.mark.parametrize("across", [True, False])
@pytest.mark.parametrize("shared", [True, False])
def test_norms_are_the_scale(across, shared):
    # The fork's test: of 2 x 3 x 2 x 3 numbers each item's, or each place's, square root of squares is the scale.
    bottom = np.random.RandomState(0).randn(2, 3, 2, 3)
    top = normalize(bottom, np.array(10.0) if shared else np.full(3, 10.0), across_spatial=across,
                    channel_shared=shared)
    assert np.sqrt((top ** 2).sum(axis=(1, 2, 3) if across else 1)) == pytest.approx(10.0)


def test_backward_by_hand():
    # x = (3, 4), norm 5: dx = (dy - x (x.dy) / 25) / 5, with dy = (1, 0): (1 - 9/25, -12/25) / 5; times the scale.
    bottom = np.array([3.0, 4.0]).reshape(1, 2, 1, 1)
    dx, dscale = normalize_backward(np.array([1.0, 0]).reshape(1, 2, 1, 1), bottom, np.array(2.0))
    assert dx.ravel() == pytest.approx([2 * 0.128, -2 * 0.096])
    assert dscale == pytest.approx(0.6)
    _, dscale = normalize_backward(np.array([1.0, 5]).reshape(1, 2, 1, 1), bottom, np.array([0.0, 1]),
                                   across_spatial=False, channel_shared=False)
    assert dscale == pytest.approx([0.6, 4.0])
