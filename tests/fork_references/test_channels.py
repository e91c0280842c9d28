"""The references of Axpy, ShuffleChannel, ReLU6 and the depthwise convolutions, by hand."""

from __future__ import annotations

import numpy as np
from fork_references.axpy import axpy, axpy_backward
from fork_references.depthwise_convolution import depthwise_convolution
from fork_references.relu6 import relu6, relu6_backward
from fork_references.shuffle_channel import shuffle_channel, shuffle_channel_backward


def test_axpy():
    scale, x, y = np.array([[2., -1.]]), np.array([[[[1., 2.]], [[3., 4.]]]]), np.array([[[[10., 20.]], [[30., 40.]]]])

    np.testing.assert_array_equal(axpy(scale, x, y), [[[[12, 24]], [[27, 36]]]])
    scale_diff, x_diff, y_diff = axpy_backward(scale, x, np.array([[[[1., 2.]], [[0., 5.]]]]))
    np.testing.assert_array_equal(scale_diff, [[5, 20]])
    np.testing.assert_array_equal(x_diff, [[[[2, 4]], [[0, -5]]]])
    np.testing.assert_array_equal(y_diff, [[[[1, 2]], [[0, 5]]]])


def test_shuffle_channel_deals_the_groups_out():
    bottom = np.arange(6.).reshape(1, 6, 1, 1)

    np.testing.assert_array_equal(shuffle_channel(bottom, group=2).ravel(), [0, 3, 1, 4, 2, 5])
    np.testing.assert_array_equal(shuffle_channel(bottom, group=3).ravel(), [0, 2, 4, 1, 3, 5])
    np.testing.assert_array_equal(shuffle_channel_backward(shuffle_channel(bottom, group=3), group=3), bottom)


def test_relu6():
    bottom = np.array([-2., 0, 1, 6, 7])

    np.testing.assert_array_equal(relu6(bottom), [0, 0, 1, 6, 6])
    np.testing.assert_array_equal(relu6(bottom, negative_slope=.5), [-1, 0, 1, 6, 6])
    np.testing.assert_array_equal(relu6_backward(bottom, np.full(5, 3.), negative_slope=.5), [1.5, 1.5, 3, 0, 0])


def test_depthwise_convolution():
    bottom = np.array([[[[1., 2, 3, 4, 5]], [[1, 1, 1, 1, 1]]]])
    weight = np.array([[[[1., 10, 100]]], [[[1, 1, 2]]]])

    np.testing.assert_array_equal(depthwise_convolution(bottom, weight, [0, .5]),
                                  [[[[321, 432, 543]], [[4.5, 4.5, 4.5]]]])
    np.testing.assert_array_equal(depthwise_convolution(bottom, weight, stride=(1, 2), pad=(0, 2), dilation=(1, 2)),
                                  [[[[310, 531, 53]], [[3, 4, 2]]]])
