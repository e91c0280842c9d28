"""R-FCN's PSROIPooling."""

from __future__ import annotations

import fork_judge
import numpy as np
import opencv_judge
import pytest
from conformance import Case, examples, run_embedded, values
from fork_references.psroi_pooling import psroi_pooling, psroi_pooling_backward
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe.engine.layers.forks import psroi_pooling as psroi_pooling_layer
from cae_caffe.errors import InputError


def case(maps, regions, output_dim=2, group_size=2, spatial_scale=1.0, **further):
    options = f"spatial_scale: {spatial_scale!r} output_dim: {output_dim} group_size: {group_size}"
    return Case(f'type: "PSROIPooling" psroi_pooling_param {{ {options} }}',
                [maps, np.asarray(regions, np.float32)], **further)


def reference(output_dim, group_size, spatial_scale):
    return lambda bottoms, params: [psroi_pooling(*bottoms, spatial_scale=spatial_scale, output_dim=output_dim,
                                                  group_size=group_size)]


CORNERS = st.tuples(*[st.integers(-12, 30).map(lambda half: half / 2) for _ in range(4)])


@examples(40)
@given(images=st.integers(1, 3), size=st.tuples(st.integers(1, 8), st.integers(1, 8)), output_dim=st.integers(1, 3),
       group_size=st.integers(1, 3), corners=st.lists(CORNERS, min_size=1, max_size=4),
       spatial_scale=st.sampled_from([1.0, 0.5, 0.0625, 0.3]), passes=st.integers(1, 2))
def test_regions_of_any_shape(images, size, output_dim, group_size, corners, spatial_scale, passes):
    regions = [[r % images, *each] for r, each in enumerate(corners)]
    maps = values(images, output_dim * group_size ** 2, *size)

    fork_judge.hold(case(maps, regions, output_dim, group_size, spatial_scale, passes=passes),
                    reference(output_dim, group_size, spatial_scale), gradients=[0])


def test_maps_and_regions_of_other_shapes_later():
    later = [values(2, 8, 7, 4), np.array([[1, 0, 0, 3, 6], [0, 1, 1, 2, 2], [1, 2, 2, 3, 3]], np.float32)]

    fork_judge.hold(case(values(1, 8, 5, 5), [[0, 0, 1, 4, 4]], then=[later]), reference(2, 2, 1.0), gradients=[0])


def test_no_region_at_all_has_no_rows():
    found, = run_embedded(case(values(1, 8, 4, 4), np.zeros((0, 5))))

    assert found["top0.data"].shape == (0, 2, 2, 2)
    assert not found["bottom0.diff"].any()


@pytest.mark.parametrize("odd", [np.inf, np.nan, 1e30])
def test_a_bin_is_of_its_own_values_alone(odd):
    regions = np.array([[0, 1, 2, 3, 3], [0, 0, 0, 1, 1], [0, 2, 0, 3, 3]], np.float32)
    maps, top_diff = values(2, 8, 4, 4), values(3, 2, 2, 2)
    maps[0, :, 0, 0] = top_diff[1, :, 0, 0] = odd
    with np.errstate(invalid="ignore"):
        found, = run_embedded(case(maps, regions, top_diffs=[top_diff]))
        wanted = psroi_pooling(maps, regions, spatial_scale=1.0, output_dim=2,
                               group_size=2)
        wanted_diff = psroi_pooling_backward(top_diff, maps, regions, spatial_scale=1.0, output_dim=2,
                                             group_size=2)

    np.testing.assert_allclose(found["top0.data"], wanted, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(found["bottom0.diff"], wanted_diff, rtol=1e-6, atol=1e-6)
    assert np.abs(found["top0.data"][0]).max() < 1


def test_bins_taken_part_by_part(monkeypatch):
    regions = [[0, 1, 2, 3, 3], [1, 0, 0, 6, 6], [0, 2, 0, 3, 3], [1, 9, 9, 9, 9]]
    at_once, = run_embedded(case(values(2, 8, 7, 7), regions))
    monkeypatch.setattr(psroi_pooling_layer, "MOST_CELLS", 5)
    part_by_part, = run_embedded(case(values(2, 8, 7, 7), regions))

    np.testing.assert_array_equal(part_by_part["top0.data"], at_once["top0.data"])
    np.testing.assert_allclose(part_by_part["bottom0.diff"], at_once["bottom0.diff"], atol=1e-6)


@pytest.mark.parametrize(("shape", "regions"), [((0, 8, 4, 4), np.zeros((0, 5))), ((1, 8, 0, 4), [[0, 0, 0, 3, 3]])])
def test_maps_without_a_value(shape, regions):
    found, = run_embedded(case(values(*shape), regions))
    assert not found["top0.data"].any()


def without(field):
    fields = {"spatial_scale": 1.0, "output_dim": 2, "group_size": 2}
    del fields[field]
    options = " ".join(f"{name}: {value}" for name, value in fields.items())
    return Case(f'type: "PSROIPooling" psroi_pooling_param {{ {options} }}', [values(1, 8, 4, 4), np.zeros((1, 5))])


@pytest.mark.parametrize(("wrong", "match"), [
    (without("output_dim"), "`output_dim` is 0; it must be given"),
    (without("group_size"), "`group_size` is 0; it must be given"),
    (without("spatial_scale"), "no `spatial_scale`"),
    (case(values(1, 7, 4, 4), [[0, 0, 0, 1, 1]]), "shape 1 7 4 4.*2 x 2 x 2 = 8"),
    (case(values(1, 8, 4, 4), [[0, 0, 1, 1]]), "second bottom has shape 1 4.*5 values"),
    (case(values(1, 8, 4, 4), [[1, 0, 0, 1, 1]]), r"\[1, 0, 0, 1, 1\].*from 0 to 0"),
])
def test_what_is_no_region_is_refused(wrong, match):
    with pytest.raises(InputError, match=match):
        run_embedded(wrong)


OPENCV = {
    "regions in two images": case(values(2, 12, 9, 11), [[0, 0, 0, 10, 8], [1, 3, 2, 7, 7], [1, 5, 5, 6, 5]], 3, 2),
    "a part of the image's size": case(values(1, 18, 6, 6), [[0, 8, 8, 72, 40], [0, 0, 24, 95, 95]], 2, 3, 0.0625),
}


@pytest.mark.parametrize("name", OPENCV)
def test_opencv_computes_the_same(name):
    opencv_judge.hold("psroi_pooling", name, OPENCV[name])
