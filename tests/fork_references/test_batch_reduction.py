"""The references of TSN's layers, by hand."""

from __future__ import annotations

import numpy as np
from fork_references.batch_reduction import batch_reduction, stochastic_sum

SEGMENTS = np.array([[[1., 5]], [[2, 4]], [[6, 3]]])     # (3, 1, 2)


def test_a_whole_axis_goes():
    np.testing.assert_array_equal(batch_reduction(SEGMENTS), [[9, 12]])
    np.testing.assert_array_equal(batch_reduction(SEGMENTS, operation="MEAN", level=[1]), [[3, 4]])
    np.testing.assert_array_equal(batch_reduction(SEGMENTS, operation="TOPK", k=2), [[4, 4.5]])
    np.testing.assert_array_equal(batch_reduction(SEGMENTS, axis=2), [[6], [6], [9]])


def test_levels_cut_an_axis():
    bottom = np.arange(5.).reshape(1, 5, 1)

    np.testing.assert_array_equal(batch_reduction(bottom, axis=1, level=[1, 2], operation="MEAN"), [[[0], [2.5]]])
    np.testing.assert_array_equal(batch_reduction(bottom[:, 1:], axis=1, level=[2]), [[[10]]])


def test_pos_takes_the_diagonal():
    bottom = np.arange(8.).reshape(2, 2, 2)

    np.testing.assert_array_equal(batch_reduction(bottom, axis=1, pos=True), [3, 11])


def test_stochastic_sum():
    bottoms = [np.array([1., 2]), np.array([10., 20])]

    np.testing.assert_array_equal(stochastic_sum(bottoms, [.5, .25], [.4, .6]), [1, 2])
    np.testing.assert_array_equal(stochastic_sum(bottoms, [.5, .25]), [3, 6])
