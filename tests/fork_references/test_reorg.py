"""The reference of Reorg, by hand."""

from __future__ import annotations

import numpy as np
from fork_references.reorg import reorg, reorg_backward


def test_reversed_channels_become_pixels():
    bottom = np.array([1., 2, 3, 4]).reshape(1, 4, 1, 1)

    np.testing.assert_array_equal(reorg(bottom, stride=2, reverse=True), [[[[1, 2], [3, 4]]]])


def test_darknets_reorg_reads_memory_as_fewer_channels_of_larger_images():
    bottom = np.arange(16.).reshape(1, 4, 2, 2)
    top = reorg(bottom, stride=2)

    assert top.shape == (1, 16, 1, 1)
    # As one image of 4 x 4: each second pixel of each second row, from each of the four corners of a block.
    np.testing.assert_array_equal(top.ravel(), [0, 2, 8, 10, 1, 3, 9, 11, 4, 6, 12, 14, 5, 7, 13, 15])
    np.testing.assert_array_equal(reorg_backward(top, bottom.shape, stride=2), bottom)
    there = reorg(bottom, stride=2, reverse=True)
    np.testing.assert_array_equal(reorg_backward(there, bottom.shape, stride=2, reverse=True), bottom)
