"""fork_references.psroi_pooling by hand."""

import numpy as np
from fork_references.psroi_pooling import psroi_pooling, psroi_pooling_backward

DATA = np.arange(64.0).reshape(1, 4, 4, 4)      # channel c begins with 16 c


def test_each_bin_has_its_channel():
    # All of a plane, in 2 x 2 bins of 2 x 2 elements, whose means are 2.5, 4.5, 10.5, 12.5 past the channel's first.
    tops = psroi_pooling(DATA, np.array([[0, 0, 0, 3, 3.0]]), spatial_scale=1.0, output_dim=1, group_size=2)
    assert tops.tolist() == [[[[2.5, 16 + 4.5], [32 + 10.5, 48 + 12.5]]]]
    # Two outputs of one bin each: the first two channels.
    tops = psroi_pooling(DATA[:, :2], np.array([[0, 0, 0, 0, 1.0]]), spatial_scale=1.0, output_dim=2, group_size=1)
    assert tops.tolist() == [[[[2]], [[18]]]]


def test_corners_are_rounded_then_scaled():
    # Columns round(2.5) = 3 to round(3.4) + 1 = 4, by .5: 1.5 to 2, so column 1; rows 0 to 2.5 by .5: 0 and 1.
    rois = np.array([[0, 2.5, -0.4, 3.4, 2.0]])
    assert psroi_pooling(DATA[:, :1], rois, spatial_scale=0.5, output_dim=1, group_size=1).item() == (1 + 5) / 2
    diff = psroi_pooling_backward(np.full((1, 1, 1, 1), 6.0), DATA[:, :1], rois, spatial_scale=0.5, output_dim=1,
                                  group_size=1)
    assert diff.tolist() == [[[[0, 3, 0, 0], [0, 3, 0, 0], [0] * 4, [0] * 4]]]


def test_a_bin_outside_is_zero_and_a_region_of_no_size_has_a_tenth():
    assert psroi_pooling(DATA[:, :1], np.array([[0, 5, 0, 6, 0.0]]), spatial_scale=1.0, output_dim=1,
                         group_size=1).item() == 0
    # Columns from 2 to max(2 - 2, .1) + 2 = 2.1: column 2.
    assert psroi_pooling(DATA[:, :1], np.array([[0, 2, 0, 1, 0.0]]), spatial_scale=1.0, output_dim=1,
                         group_size=1).item() == 2
