"""ROIPooling and PSROIPooling in ONNX."""

from __future__ import annotations

import numpy as np
import pytest
from conformance import Case, distinct, examples, values
from hypothesis import given
from hypothesis import strategies as st
from onnx_judge import hold

# Also corners beside the image, and second corners before the first.
CORNERS = st.tuples(*[st.integers(-12, 30).map(lambda half: half / 2) for _ in range(4)])
SCALES = st.sampled_from([1.0, 0.5, 0.0625, 0.3])


def roi_pooling(maps, regions, pooled_h=2, pooled_w=3, spatial_scale=1.0):
    options = f"pooled_h: {pooled_h} pooled_w: {pooled_w} spatial_scale: {spatial_scale!r}"
    return Case(f'type: "ROIPooling" roi_pooling_param {{ {options} }}', [maps, np.asarray(regions, np.float32)])


def psroi_pooling(maps, regions, output_dim=2, group_size=2, spatial_scale=1.0):
    options = f"spatial_scale: {spatial_scale!r} output_dim: {output_dim} group_size: {group_size}"
    return Case(f'type: "PSROIPooling" psroi_pooling_param {{ {options} }}', [maps, np.asarray(regions, np.float32)])


@examples(25)
@given(shape=st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 8), st.integers(1, 8)),
       corners=st.lists(CORNERS, min_size=1, max_size=4), pooled=st.tuples(st.integers(1, 5), st.integers(1, 5)),
       spatial_scale=SCALES, seed=st.integers(0, 9))
def test_roi_pooling(shape, corners, pooled, spatial_scale, seed):
    regions = [[r % shape[0], *each] for r, each in enumerate(corners)]

    hold(roi_pooling(distinct(*shape, seed=seed), regions, *pooled, spatial_scale))


@examples(20)
@given(images=st.integers(1, 3), size=st.tuples(st.integers(1, 8), st.integers(1, 8)), output_dim=st.integers(1, 3),
       group_size=st.integers(1, 3), corners=st.lists(CORNERS, min_size=1, max_size=4), spatial_scale=SCALES)
def test_psroi_pooling(images, size, output_dim, group_size, corners, spatial_scale):
    regions = [[r % images, *each] for r, each in enumerate(corners)]
    maps = values(images, output_dim * group_size ** 2, *size)

    hold(psroi_pooling(maps, regions, output_dim, group_size, spatial_scale))


@pytest.mark.parametrize("axes", [(), (1, 1)])
def test_regions_may_have_further_axes(axes):
    regions = np.array([[0, 0, 0, 3, 3], [1, 1, 0, 2, 3]]).reshape(2, 5, *axes)

    hold(roi_pooling(distinct(2, 8, 5, 4), regions))
    hold(psroi_pooling(values(2, 8, 5, 4), regions))
