"""Fast R-CNN's ROIPooling."""

from __future__ import annotations

import fork_judge
import numpy as np
import opencv_judge
import pytest
from conformance import Case, distinct, examples, run_embedded, values
from fork_references.roi_pooling import roi_pooling
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe.errors import InputError


def case(maps, regions, pooled_h=2, pooled_w=3, spatial_scale=1.0, **further):
    options = f"pooled_h: {pooled_h} pooled_w: {pooled_w} spatial_scale: {spatial_scale!r}"
    return Case(f'type: "ROIPooling" roi_pooling_param {{ {options} }}',
                [maps, np.asarray(regions, np.float32)], **further)


# Also corners beside the image, and second corners before the first.
CORNERS = st.tuples(*[st.integers(-12, 30).map(lambda half: half / 2) for _ in range(4)])


@examples(40)
@given(shape=st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 8), st.integers(1, 8)),
       corners=st.lists(CORNERS, min_size=1, max_size=4), pooled=st.tuples(st.integers(1, 5), st.integers(1, 5)),
       spatial_scale=st.sampled_from([1.0, 0.5, 0.0625, 0.3]), passes=st.integers(1, 2), seed=st.integers(0, 9))
def test_regions_of_any_shape(shape, corners, pooled, spatial_scale, passes, seed):
    regions = [[r % shape[0], *each] for r, each in enumerate(corners)]

    fork_judge.hold(case(distinct(*shape, seed=seed), regions, *pooled, spatial_scale, passes=passes),
                    lambda bottoms, params: [roi_pooling(*bottoms, *pooled, spatial_scale)], gradients=[0])


def test_maps_and_regions_of_other_shapes_later():
    later = [distinct(2, 2, 7, 4), np.array([[1, 0, 0, 3, 6], [0, 1, 1, 2, 2], [1, 2, 2, 3, 3]], np.float32)]

    fork_judge.hold(case(distinct(1, 2, 5, 5), [[0, 0, 1, 4, 4]], then=[later]),
                    lambda bottoms, params: [roi_pooling(*bottoms, 2, 3)], gradients=[0])


def test_of_equal_maxima_the_first_gets_the_gradient():
    found, = run_embedded(case(np.zeros((1, 1, 3, 3)), [[0, 0, 0, 2, 2]], 1, 1, top_diffs=[np.full((1, 1, 1, 1), 7.0)]))

    assert found["bottom0.diff"].ravel().tolist() == [7] + [0] * 8


def test_what_is_no_number_is_no_maximum():
    maps = np.array([[np.nan, -np.inf, 1], [np.nan, -np.inf, np.inf]], np.float32).reshape(1, 1, 2, 3)
    found, = run_embedded(case(maps, [[0, 0, 0, 2, 1]], 1, 3, top_diffs=[np.ones((1, 1, 1, 3))]))

    assert found["top0.data"].ravel().tolist() == [np.finfo(np.float32).min, np.finfo(np.float32).min, np.inf]
    assert found["bottom0.diff"].ravel().tolist() == [0, 0, 0, 0, 0, 1]


def test_no_region_at_all_has_no_rows():
    found, = run_embedded(case(values(1, 2, 4, 4), np.zeros((0, 5))))

    assert found["top0.data"].shape == (0, 2, 2, 3)
    assert not found["bottom0.diff"].any()


def test_large_maps_are_pooled_in_parts(monkeypatch):
    whole, parts = case(distinct(1, 3, 9, 9), [[0, 0, 0, 8, 8]], 4, 3), []
    for most in (2 ** 22, 1):
        monkeypatch.setattr("cae_caffe.engine.layers.forks.roi_pooling.MOST_GATHERED", most)
        parts.append(run_embedded(whole)[0])

    for name in parts[0]:
        np.testing.assert_array_equal(parts[0][name], parts[1][name])


@pytest.mark.parametrize(("wrong", "match"), [
    (case(values(1, 1, 4, 4), [[0, 0, 0, 1, 1]], pooled_h=0), "`pooled_h` is 0.*at least 1"),
    (case(values(1, 4, 4), [[0, 0, 0, 1, 1]]), "first bottom has shape 1 4 4.*four axes"),
    (case(values(1, 1, 4, 4), [[0, 0, 1, 1]]), "second bottom has shape 1 4.*5 values"),
    (case(values(2, 1, 4, 4), [[0, 0, 0, 1, 1], [2, 0, 0, 1, 1]]), r"row 1 .*\[2, 0, 0, 1, 1\].*from 0 to 1"),
    (case(values(2, 1, 4, 4), [[-1, 0, 0, 1, 1]]), r"\[-1, 0, 0, 1, 1\].*from 0 to 1"),
    (case(values(2, 1, 4, 4), [[0, 0, np.nan, 1, 1]]), r"\[0, 0, nan, 1, 1\].*finite"),
])
def test_what_is_no_region_is_refused(wrong, match):
    with pytest.raises(InputError, match=match):
        run_embedded(wrong)


OPENCV = {
    "bins that overlap": case(values(2, 3, 9, 11), [[0, 0, 0, 10, 8], [1, 3, 2, 7, 7], [1, 5, 5, 6, 5]], 4, 5),
    "a part of the image's size": case(values(1, 2, 6, 6), [[0, 8, 8, 72, 40], [0, 0, 24, 95, 95]], 3, 3, 0.0625),
}


@pytest.mark.parametrize("name", OPENCV)
def test_opencv_computes_the_same(name):
    opencv_judge.hold("roi_pooling", name, OPENCV[name])
