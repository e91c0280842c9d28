"""The references of the layers called BN, by hand."""

from __future__ import annotations

import numpy as np
from central_differences import slopes
from fork_references.bn import pspnet_bn, pspnet_bn_backward, segnet_bn, segnet_bn_backward

BATCH = np.array([[[[1., 3.]], [[5., 5.]]], [[[5., 7.]], [[5., 9.]]]])      # channels: 1 3 5 7 and 5 5 5 9


def test_segnets_bn_learns_by_the_batch():
    top, mean, variance = segnet_bn(BATCH, np.array([[[[2.]], [[1.]]]]), np.array([[[[0.]], [[10.]]]]))

    np.testing.assert_array_equal(mean.ravel(), [4, 6])
    np.testing.assert_array_equal(variance.ravel(), [5, 3])
    np.testing.assert_allclose(top[:, 0].ravel(), np.array([-6, -2, 2, 6]) / 5 ** .5)
    np.testing.assert_allclose(top[:, 1].ravel(), 10 + np.array([-1, -1, -1, 3]) / 3 ** .5)


def test_segnets_bn_in_inference_scales_and_shifts():
    top, = segnet_bn(BATCH, np.array([2., 1.]), np.array([1., 0.]), bn_mode="INFERENCE")

    np.testing.assert_array_equal(top[:, 0].ravel(), [3, 7, 11, 15])
    bottom_diff, scale_diff, shift_diff = segnet_bn_backward(BATCH, np.array([2., 1.]), np.ones(BATCH.shape),
                                                             bn_mode="INFERENCE")
    np.testing.assert_array_equal(bottom_diff[:, 0].ravel(), [2, 2, 2, 2])
    np.testing.assert_array_equal(scale_diff.ravel(), [16, 24])
    np.testing.assert_array_equal(shift_diff.ravel(), [4, 4])


def test_pspnets_running_averages():
    slope, bias, zero = np.ones(2), np.zeros(2), np.zeros(2)
    top, mean, variance = pspnet_bn(BATCH, slope, bias, zero, zero, momentum=.75, eps=4)

    np.testing.assert_allclose(top[:, 0].ravel(), [-1, -1 / 3, 1 / 3, 1])
    np.testing.assert_array_equal(mean, [1, 1.5])
    np.testing.assert_array_equal(variance, [1.25, .75])
    for options in ({"phase": "TEST"}, {"frozen": True}):
        top, after, _ = pspnet_bn(BATCH, slope, bias, mean, variance, eps=1, **options)
        np.testing.assert_allclose(top[:, 0].ravel(), np.array([0, 2, 4, 6]) / 1.5)
        np.testing.assert_array_equal(after, mean)


def test_frozen_passes_a_diff_to_the_bottom_alone():
    diffs = pspnet_bn_backward(BATCH, np.array([3., 1.]), np.zeros(2), np.full(2, 8.), np.ones(BATCH.shape), eps=1,
                               frozen=True)

    np.testing.assert_allclose(diffs[0][:, 0].ravel(), [1, 1, 1, 1])
    assert not diffs[1].any()
    assert not diffs[2].any()


def test_the_backward_of_batches_is_the_derivative():
    generator = np.random.RandomState(1)
    bottom, top_diff = generator.randn(3, 2, 2, 2), generator.randn(3, 2, 2, 2)
    scale, shift, mean, variance = generator.rand(4, 2)

    def segnet():
        return (segnet_bn(bottom, scale, shift)[0] * top_diff).sum()

    diffs = segnet_bn_backward(bottom, scale, top_diff)
    for array, diff in zip((bottom, scale, shift), diffs):
        np.testing.assert_allclose(slopes(segnet, array).ravel(), diff.ravel(), atol=1e-7)

    for phase in ("TRAIN", "TEST"):
        def pspnet(phase=phase):
            return (pspnet_bn(bottom, scale, shift, mean, variance, phase=phase)[0] * top_diff).sum()

        diffs = pspnet_bn_backward(bottom, scale, mean, variance, top_diff, phase=phase)
        for array, diff in zip((bottom, scale, shift), diffs):
            np.testing.assert_allclose(slopes(pspnet, array).ravel(), diff.ravel(), atol=1e-7)
