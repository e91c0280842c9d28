"""The references of FlowNet's layers, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from fork_references.channel_norm import channel_norm, channel_norm_backward
from fork_references.correlation import correlation, correlation1d
from fork_references.flow_warp import flow_warp, flow_warp_backward
from fork_references.l1_loss import l1_loss, l1_loss_backward
from fork_references.lpq_loss import lpq_loss
from fork_references.mean import mean
from fork_references.resample import resample


def image(*rows):
    return np.array([[rows]], np.float64)


def test_correlation_of_single_pixels():
    first, second = image([1, 2, 3], [4, 5, 6], [7, 8, 9]), image([1, 0, 0], [0, 0, 0], [0, 0, 10])
    top = correlation(first, second, kernel_size=1, max_displacement=1)

    # The one place is the middle, 5; the displacements go row by row from (-1, -1).
    np.testing.assert_array_equal(top.ravel(), [5, 0, 0, 0, 0, 0, 0, 0, 50])
    difference = correlation(first, second, kernel_size=1, max_displacement=1, correlation_type="SUBTRACT")
    np.testing.assert_array_equal(difference.ravel(), [4, 5, 5, 5, 5, 5, 5, 5, 5])


def test_correlation_of_patches_with_padding_and_strides():
    ones = np.ones((1, 2, 3, 3))
    top = correlation(ones, ones, kernel_size=3, max_displacement=2, stride_2=2, pad=3, stride_1=2)

    # 9 padded, less 2 * (2 + 1), in steps of 2: two places, at 2 and 4. Patches cover 2 to 4 and 4 to 6 of the image,
    # which is at 3 to 5: 2 and 2 of 3 pixels each way; two up and left, none are left.
    assert top.shape == (1, 9, 2, 2)
    np.testing.assert_allclose(top[0, 4], np.full((2, 2), 4 / 9))
    np.testing.assert_allclose(top[0, 0], [[0, 0], [0, 4 / 9 / 4]])


@pytest.mark.parametrize(("direction", "wanted"), [(0, [1, 2, 3]), (1, [2, 3]), (-1, [0, 1])])
def test_correlation_along_rows(direction, wanted):
    top = correlation1d(image([1, 1, 1]), image([1, 2, 3]), kernel_size=1, max_displacement=1,
                        single_direction=direction)

    np.testing.assert_array_equal(top.ravel(), wanted)


def test_resample():
    np.testing.assert_array_equal(resample(image([0, 4]), height=1, width=4), image([0, 1, 3, 4]))
    np.testing.assert_array_equal(resample(image([0, 4]), height=1, width=4, type="NEAREST"), image([0, 0, 4, 4]))
    # The centres lie at 1/2 and 5/2; halves go up.
    np.testing.assert_array_equal(resample(image([1, 2, 3, 4]), height=1, width=2, type="NEAREST"), image([2, 4]))
    np.testing.assert_array_equal(resample(image([1, 2, 3, 5]), height=1, width=2, antialias=False), image([1.5, 4]))
    # The kernel of 2 to each side: 3/4 of 1 and 2, 1/4 of 3, over 7/4.
    np.testing.assert_allclose(resample(image([1, 2, 3, 5]), height=1, width=2)[..., 0].item(), 3 / 1.75)


def test_resample_by_cubes():
    # In the middle between two of four: -1/16, 9/16, 9/16, -1/16.
    np.testing.assert_allclose(resample(image([1, 2, 4, 8]), height=1, width=1, type="CUBIC", antialias=False),
                               image([45 / 16]))


def test_channel_norm():
    bottom = np.array([[[[3.]], [[4.]]]])

    np.testing.assert_array_equal(channel_norm(bottom), [[[[5]]]])
    np.testing.assert_allclose(channel_norm_backward(bottom, np.array([[[[10.]]]])).ravel(), [6, 8])
    assert not channel_norm_backward(np.zeros((1, 2, 1, 1)), np.ones((1, 1, 1, 1))).any()


def test_flow_warp_looks_where_the_flow_ends():
    pixels = image([1, 2], [5, 10])
    flow = np.array([[[[.5, 1], [0, .5]], [[.25, 0], [0, .5]]]])
    top = flow_warp(pixels, flow)

    # The second lies outside, the last between the last row and column and the end.
    np.testing.assert_array_equal(top, image([3, 0], [5, 10]))
    assert np.isnan(flow_warp(pixels, flow, fill_value="NOT_A_NUMBER")[0, 0, 0, 1])
    image_diff, flow_diff = flow_warp_backward(pixels, flow, image([8, 1], [0, 2]))
    np.testing.assert_array_equal(image_diff, image([3, 3], [1, 3]))
    np.testing.assert_array_equal(flow_diff, [[[[8 * (.75 + 1.25), 0], [0, 0]], [[8 * (2 + 4), 0], [0, 0]]]])


NAN = float("nan")


def test_l1_loss_leaves_out_what_is_not_known():
    first, second = image([1, 5, 2, 7]), image([3, 5, NAN, 6.75])

    assert l1_loss(first, second) == 2.25
    np.testing.assert_array_equal(l1_loss_backward(first, second)[0], image([-1, -1, 0, 1]))
    np.testing.assert_array_equal(l1_loss_backward(first, second)[1], image([1, 1, 0, -1]))
    assert l1_loss(first, second, normalize_by_num_entries=True) == .75
    assert l1_loss(first, second, plateau=.5) == 2
    np.testing.assert_array_equal(l1_loss_backward(first, second, plateau=.5, top_diff=3)[0], image([-3, 0, 0, 0]))


def test_l1_loss_by_the_pixel():
    first = np.array([[[[3., 0.]], [[4., .5]]]])
    options = {"l2_per_location": True, "epsilon": 0}

    assert l1_loss(first, **options) == 5.5
    np.testing.assert_array_equal(l1_loss_backward(first, **options)[0], [[[[.6, 0]], [[.8, 1]]]])
    assert l1_loss(first, l2_prescale_by_channels=True, **options) == pytest.approx(5.5 / 2 ** .5)
    np.testing.assert_array_equal(l1_loss_backward(first, plateau=1, **{**options, "epsilon": 11})[0],
                                  [[[[.5, 0]], [[4 / 6, 0]]]])
    assert l1_loss(first, plateau=1, **{**options, "epsilon": 11}) == 6 + 11 ** .5


def test_lpq_loss():
    first = np.array([[[[3., 5.]], [[-4., NAN]]]])
    loss, diff = lpq_loss(first, p=2, q=.5, q_epsilon=0)
    assert loss == 10
    np.testing.assert_allclose(diff.ravel(), [.6, 1, -.8, 0])
    loss, diff = lpq_loss(first, np.zeros((1, 2, 1, 2)), p=1, q=1, p_epsilon=1, q_epsilon=.5,
                          normalize_by_num_entries=True)
    assert loss == (9 + .5 + 7 + .5) / 1.5
    np.testing.assert_allclose(diff.ravel(), np.array([1, 1, -1, 0]) / 1.5)


def test_mean():
    bottom = np.array([1., 2, 3, 4]).reshape(1, 4, 1, 1)

    np.testing.assert_array_equal(mean(bottom, operation="SUBTRACT", value=[1, 2]).ravel(), [0, 0, 2, 2])
    np.testing.assert_array_equal(mean(bottom, operation="ADD", value=[1], input_scale=2, mean_scale=3,
                                       output_scale=10).ravel(), [50, 70, 90, 110])
    np.testing.assert_array_equal(mean(bottom, operation="ADD", file=np.array([[[5.]], [[6.]]])).ravel(), [6, 8, 8, 10])
