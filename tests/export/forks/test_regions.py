"""ROIPooling and PSROIPooling on their way out."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from both_judges import hold_both
from conformance import Case, distinct, examples, values, whole_numbers
from hypothesis import given
from hypothesis import strategies as st

# Also corners beside the image, and second corners before the first.
CORNERS = st.tuples(*[st.integers(-12, 30).map(lambda half: half / 2) for _ in range(4)])
SCALES = st.sampled_from([1.0, 0.5, 0.0625, 0.3])


def roi_pooling(maps, regions, pooled_h=2, pooled_w=3, spatial_scale=1.0):
    options = f"pooled_h: {pooled_h} pooled_w: {pooled_w} spatial_scale: {spatial_scale!r}"
    return Case(f'type: "ROIPooling" roi_pooling_param {{ {options} }}', [maps, np.asarray(regions, np.float32)])


def psroi_pooling(maps, regions, output_dim=2, group_size=2, spatial_scale=1.0):
    options = f"spatial_scale: {spatial_scale!r} output_dim: {output_dim} group_size: {group_size}"
    return Case(f'type: "PSROIPooling" psroi_pooling_param {{ {options} }}', [maps, np.asarray(regions, np.float32)])


@examples(40)
@given(shape=st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 8), st.integers(1, 8)),
       corners=st.lists(CORNERS, min_size=1, max_size=4), pooled=st.tuples(st.integers(1, 7), st.integers(1, 7)),
       spatial_scale=SCALES, seed=st.integers(0, 9))
def test_roi_pooling(shape, corners, pooled, spatial_scale, seed):
    regions = [[r % shape[0], *each] for r, each in enumerate(corners)]
    hold_both(roi_pooling(distinct(*shape, seed=seed), regions, *pooled, spatial_scale))


def test_bins_end_where_float32_has_them():
    """57 / 7 times 7 is more than 57 there, so that the last bin has a row more."""
    assert np.float32(57) / np.float32(7) * np.float32(7) > 57
    module = hold_both(roi_pooling(np.arange(59 * 59).reshape(1, 1, 59, 59), [[0, 0, 0, 56, 56]], 7, 7))
    assert module(torch.arange(59.0 * 59).reshape(1, 1, 59, 59), torch.tensor([[0.0, 0, 0, 56, 56]])).max() == 57 * 60


def test_of_equal_maxima_the_first_has_the_gradient():
    hold_both(roi_pooling(whole_numbers(2, 2, 7, 7, below=3), [[0, 0, 0, 6, 6], [1, 1, 2, 5, 6]]))


def test_what_is_no_number_is_no_maximum():
    maps = distinct(1, 1, 4, 4)
    maps[0, 0, 0, 0], maps[0, 0, :2, 2:] = np.nan, -np.inf
    hold_both(roi_pooling(maps, [[0, 0, 0, 3, 3]], 2, 2))


@examples(20)
@given(images=st.integers(1, 3), size=st.tuples(st.integers(1, 8), st.integers(1, 8)), output_dim=st.integers(1, 3),
       group_size=st.integers(1, 3), corners=st.lists(CORNERS, min_size=1, max_size=4), spatial_scale=SCALES)
def test_psroi_pooling(images, size, output_dim, group_size, corners, spatial_scale):
    regions = [[r % images, *each] for r, each in enumerate(corners)]
    maps = values(images, output_dim * group_size ** 2, *size)
    hold_both(psroi_pooling(maps, regions, output_dim, group_size, spatial_scale))


@pytest.mark.parametrize("axes", [(), (1, 1)])
def test_regions_may_have_further_axes(axes):
    regions = np.array([[0, 0, 0, 3, 3], [1, 1, 0, 2, 3]]).reshape(2, 5, *axes)
    hold_both(roi_pooling(distinct(2, 8, 5, 4), regions))
    hold_both(psroi_pooling(values(2, 8, 5, 4), regions))


@pytest.mark.parametrize("case", [roi_pooling, psroi_pooling])
def test_no_region_at_all_has_no_rows(case):
    module = hold_both(case(distinct(2, 8, 5, 4), [[0, 0, 0, 3, 3]]))
    assert module(torch.zeros(2, 8, 5, 4), torch.zeros(0, 5)).shape[:2] == (0, 8 if case is roi_pooling else 2)
