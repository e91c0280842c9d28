"""The references of Upsample, Unpooling and Interp, by hand."""

from __future__ import annotations

import numpy as np
from fork_references.interp import interp
from fork_references.unpooling import unpooling, unpooling_backward
from fork_references.upsample import (
    upsample_by_mask,
    upsample_by_mask_backward,
    upsample_nearest,
    upsample_nearest_backward,
)


def image(*rows):
    return np.array([[rows]], np.float64)


def test_segnets_upsample_puts_values_where_the_mask_says():
    top = upsample_by_mask(image([1, 2], [3, 4]), image([0, 3], [13, 6]))

    np.testing.assert_array_equal(top, image([1, 0, 0, 2], [0, 0, 4, 0], [0, 0, 0, 0], [0, 3, 0, 0]))


def test_segnets_upsample_keeps_the_last_of_values_in_one_place_and_gives_each_the_diff():
    mask = image([1, 1])

    np.testing.assert_array_equal(upsample_by_mask(image([5, 7]), mask, upsample_h=2, upsample_w=3),
                                  image([0, 7, 0], [0, 0, 0]))
    np.testing.assert_array_equal(upsample_by_mask_backward(mask, image([10, 20, 30], [40, 50, 60])), image([20, 20]))


def test_segnets_upsample_has_the_odd_size_that_was_pooled():
    assert upsample_by_mask(np.ones((1, 1, 2, 3)), np.zeros((1, 1, 2, 3)), pad_out_h=True).shape == (1, 1, 3, 6)
    assert upsample_by_mask(np.ones((1, 1, 2, 3)), np.zeros((1, 1, 2, 3)), scale_h=3, scale_w=4).shape == (1, 1, 6, 12)


def test_yolos_upsample_repeats():
    np.testing.assert_array_equal(upsample_nearest(image([1, 2]), scale=2), image([1, 1, 2, 2], [1, 1, 2, 2]))
    np.testing.assert_array_equal(upsample_nearest_backward(image([1, 2, 3, 4], [5, 6, 7, 8]), scale=2),
                                  image([14, 22]))


def test_unpooling_without_a_mask_goes_to_the_corners_and_stays_within():
    top = unpooling(image([1, 2], [3, 4]), kernel=(2, 2), stride=(2, 2), size=(3, 2))

    # The second column's corner would be 2 of 2: it is moved to 1.
    np.testing.assert_array_equal(top, image([1, 2], [0, 0], [3, 4]))


def test_unpooling_with_a_mask_has_each_planes_own():
    bottom, mask = np.array([[[[1.]], [[2.]]]]), np.array([[[[3.]], [[0.]]]])

    np.testing.assert_array_equal(unpooling(bottom, mask, kernel=(2, 2), stride=(2, 2), size=(2, 2)),
                                  [[[[0, 0], [0, 1]], [[2, 0], [0, 0]]]])
    diff = unpooling_backward(np.arange(8.).reshape(1, 2, 2, 2), bottom.shape, mask, kernel=(2, 2), size=(2, 2))
    np.testing.assert_array_equal(diff, [[[[3]], [[4]]]])


def test_unpooling_by_averages_and_tiles():
    options = {"kernel": (2, 2), "stride": (1, 1), "size": (2, 3)}

    # Windows: columns 0 and 1, columns 1 and 2, the last column alone.
    np.testing.assert_array_equal(unpooling(image([4, 8, 6]), unpool="AVE", **options), image([1, 3, 5], [1, 3, 5]))
    np.testing.assert_array_equal(unpooling(image([4, 8, 6]), unpool="TILE", **options),
                                  image([4, 12, 14], [4, 12, 14]))
    for unpool in ("AVE", "TILE"):
        diff = unpooling_backward(image([1, 2, 3], [4, 5, 6]), (1, 1, 1, 3), unpool=unpool, **options)
        np.testing.assert_array_equal(diff, image([3, 4, 4.5]))


def test_interp_has_its_corners_on_the_corners():
    bottom = image([0, 3], [6, 9])

    np.testing.assert_allclose(interp(bottom, height=3, width=4), image([0, 1, 2, 3], [3, 4, 5, 6], [6, 7, 8, 9]))
    np.testing.assert_array_equal(interp(bottom, zoom_factor=2), image([0, 1.5, 3], [3, 4.5, 6], [6, 7.5, 9]))
    np.testing.assert_array_equal(interp(bottom, height=1, width=1), image([0]))


def test_interp_crops_and_shrinks():
    bottom = np.arange(25.).reshape(1, 1, 5, 5)

    np.testing.assert_array_equal(interp(bottom, shrink_factor=2), image([0, 2, 4], [10, 12, 14], [20, 22, 24]))
    np.testing.assert_array_equal(interp(bottom, shrink_factor=2, pad_beg=-1, pad_end=-1), image([6, 8], [16, 18]))
    np.testing.assert_array_equal(interp(bottom, shrink_factor=4, zoom_factor=2),
                                  image([0, 2, 4], [10, 12, 14], [20, 22, 24]))
