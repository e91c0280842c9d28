"""The references of Pooling's fields of forks, Dropout's and MergeCrop, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from fork_references.dropout import dropout
from fork_references.mergecrop import mergecrop, mergecrop_backward
from fork_references.pooling import pooling, pooling_backward


def image(*rows):
    return np.array([[rows]], np.float64)


def test_dilated_maxima_look_past_what_lies_between():
    top, mask = pooling(image([1, 9, 2, 8, 3]), kernel=(1, 3), dilation=(1, 2))

    np.testing.assert_array_equal(top, image([3]))
    np.testing.assert_array_equal(mask, image([4]))


def test_of_a_cube_each_second_is_seen_in_naibafs_own_test():
    cube = np.arange(125.).reshape(1, 1, 5, 5, 5)
    three = {"kernel": (3, 3, 3), "stride": (1, 1, 1), "pad": (0, 0, 0), "dilation": (2, 2, 2)}
    top, _ = pooling(cube, **three)

    assert top.shape == (1, 1, 1, 1, 1)
    assert top.item() == 124
    assert pooling_backward(cube, top, **three)[0, 0, 4, 4, 4] == 124


def test_averages_count_the_padding():
    # Windows of taps 2 apart: [pad, 4], [2, 6], [4, pad].
    top, = pooling(image([2, 4, 6]), pool="AVE", kernel=(1, 2), pad=(0, 1), dilation=(1, 2))
    np.testing.assert_array_equal(top, image([2, 4, 2]))
    diff = pooling_backward(image([2, 4, 6]), image([2, 4, 6]), pool="AVE", kernel=(1, 2), pad=(0, 1), dilation=(1, 2))
    np.testing.assert_array_equal(diff, image([2, 4, 2]))


def test_an_average_leaves_out_what_lies_behind_the_padding():
    # The second window begins at 2 of 3, and has room for one of its two taps.
    top, = pooling(image([2, 4, 6]), pool="AVE", kernel=(1, 2), stride=(1, 2))

    np.testing.assert_array_equal(top, image([3, 6]))


@pytest.mark.parametrize(("ceil_mode", "wanted"), [(True, [2, 3]), (False, [2])])
def test_ceil_mode(ceil_mode, wanted):
    top, mask = pooling(image([1, 2, 3]), kernel=(1, 2), stride=(1, 2), ceil_mode=ceil_mode)

    np.testing.assert_array_equal(top, image(wanted))
    np.testing.assert_array_equal(mask, image(wanted) - 1)


def test_dropout_scales_in_training_or_in_testing():
    bottom, mask = np.array([4., 8.]), np.array([1, 0])

    np.testing.assert_array_equal(dropout(bottom, mask, dropout_ratio=.75), [16, 0])
    np.testing.assert_array_equal(dropout(bottom, mask, dropout_ratio=.75, scale_train=False), [4, 0])
    np.testing.assert_array_equal(dropout(bottom, mask, dropout_ratio=.75, sqrt_scale=True), [8, 0])
    np.testing.assert_array_equal(dropout(bottom, mask, dropout_ratio=.75, phase="TEST"), [4, 8])
    np.testing.assert_array_equal(dropout(bottom, mask, dropout_ratio=.75, scale_train=False, phase="TEST"), [1, 2])
    np.testing.assert_array_equal(dropout(bottom, mask, sample_weights_test=True, phase="TEST"), [8, 0])


def test_mergecrop_crops_the_second_to_the_first():
    a, b = image([1, 2]), np.array([[[[10., 20, 30, 40, 50]], [[60, 70, 80, 90, 0]]]])

    # 3 too many: 1 before.
    np.testing.assert_array_equal(mergecrop(a, b), [[[[1, 2]], [[20, 30]], [[70, 80]]]])
    np.testing.assert_array_equal(mergecrop(a, b[:, 1:], operation="ADD"), image([71, 82]))
    np.testing.assert_array_equal(mergecrop(a, b[:, 1:], operation="ADD", forward=(False, True)), image([70, 80]))


def test_mergecrops_second_bottom_has_a_diff_only_if_asked_for():
    a, b, top_diff = image([1, 2]), image([10, 20, 30, 40]), np.array([[[[1., 2]], [[3, 4]]]])

    np.testing.assert_array_equal(mergecrop_backward(a, b, top_diff)[0], image([1, 2]))
    assert not mergecrop_backward(a, b, top_diff)[1].any()
    np.testing.assert_array_equal(mergecrop_backward(a, b, top_diff, backward=(False, True))[1], image([0, 3, 4, 0]))
