"""PVANET's Proposal, in C++ there."""

from __future__ import annotations

import numpy as np
import opencv_judge
import pytest
from conformance import Case, distinct, examples, run_embedded, values
from fork_references.proposal import proposal
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe.engine.layers.forks.proposal import anchors
from cae_caffe.errors import InputError

OPTIONS = {"feat_stride": 8, "base_size": 8, "min_size": 4, "ratio": [0.5, 1.0], "scale": [1.0, 2.0],
           "pre_nms_topn": 30, "post_nms_topn": 5, "nms_thresh": 0.5}


def text(**options):
    return " ".join(f"{name}: {value}" for name, given in options.items()
                    for value in (given if isinstance(given, list) else [given]))


def case(bottoms, options=None, tops=2, **further):
    return Case(f'type: "Proposal" proposal_param {{ {text(**(OPTIONS if options is None else options))} }}', bottoms,
                tops, backward=False, **further)


def bottoms(images, rows, columns, number=4, seed=0, stretch=1.0, stride=8):
    """Scores, of which no two are equal, deltas, and the sizes of images that fit."""
    scores = (distinct(images, 2 * number, rows, columns, seed=seed) + 1) / 2
    deltas = values(images, 4 * number, rows, columns, low=-stretch, high=stretch, seed=seed)
    return [scores, deltas, np.tile([stride * rows - 3, stride * columns + 1, 1.25, 0.75, 0, 0], (images, 1))]


def expected(bottoms, **options):
    """The reference's results of each image, which takes one only, with the image's number."""
    rois, kept = [], []
    for n in range(len(bottoms[0])):
        boxes, scores = proposal(*(np.asarray(bottom[n:n + 1], np.float64) for bottom in bottoms), **options)
        rois.append(boxes + [n, 0, 0, 0, 0])
        kept.append(scores)
    return np.concatenate(rois), np.concatenate(kept)


def hold(found, bottoms, **options):
    rois, scores = expected(bottoms, **options)
    np.testing.assert_allclose(found["top0.data"], rois, rtol=1e-5, atol=1e-4)
    if "top1.data" in found:
        np.testing.assert_allclose(found["top1.data"], scores, rtol=1e-6)


@examples(40)
@given(images=st.integers(1, 2), size=st.tuples(st.integers(1, 5), st.integers(1, 5)), seed=st.integers(0, 99),
       ratio=st.lists(st.sampled_from([0.5, 0.667, 1.0, 2.0]), min_size=1, max_size=3, unique=True),
       scale=st.lists(st.sampled_from([1.0, 2.0, 3.5]), min_size=1, max_size=2, unique=True),
       further=st.fixed_dictionaries({
           "base_size": st.sampled_from([8, 16]), "min_size": st.sampled_from([0, 7, 16]),
           "nms_thresh": st.sampled_from([0.3, 0.7]), "pre_nms_topn": st.sampled_from([3, 6000]),
           "post_nms_topn": st.sampled_from([1, 4, 300])}), stretch=st.sampled_from([0.2, 1.5]))
def test_boxes_of_any_anchors(images, size, seed, ratio, scale, further, stretch):
    options = {"feat_stride": 8, "ratio": ratio, "scale": scale, **further}
    blobs = bottoms(images, *size, len(ratio) * len(scale), seed, stretch)

    hold(run_embedded(case(blobs, options))[0], blobs, **options)


def test_the_scores_may_be_left_out():
    blobs = bottoms(1, 3, 4)

    hold(run_embedded(case(blobs, tops=1))[0], blobs, **OPTIONS)


def test_the_scale_of_rows_may_be_that_of_columns():
    blobs = bottoms(1, 3, 4)
    blobs[2] = blobs[2][:, :3]

    hold(run_embedded(case(blobs))[0], blobs, **OPTIONS)


def test_the_defaults_are_those_of_the_fork():
    blobs = bottoms(1, 3, 4, 1, stride=16)

    hold(run_embedded(case(blobs, {"ratio": 1.0, "scale": 1.0}))[0], blobs, ratio=[1.0], scale=[1.0])


def test_maps_of_other_sizes_and_numbers_of_boxes_later():
    first, second = bottoms(1, 2, 2), bottoms(2, 4, 3, seed=1)
    found = run_embedded(case(first, passes=2, then=[second]))

    for results, blobs in zip(found, [first, first, second]):
        hold(results, blobs, **OPTIONS)
    assert len(found[0]["top0.data"]) < len(found[2]["top0.data"])


def test_of_equal_scores_the_first_place_wins():
    blobs = bottoms(1, 1, 3, 1, stretch=0)
    blobs[0][:] = 0.5
    found, = run_embedded(case(blobs, {**OPTIONS, "ratio": 1.0, "scale": 1.0, "min_size": 0}))

    assert found["top0.data"][:, 1].tolist() == [0, 8, 16]


def test_boxes_that_are_no_numbers_have_no_score():
    blobs = bottoms(1, 1, 3, 1, stretch=0)
    blobs[1][0, 0, 0, 1] = np.nan
    blobs[1][0, 2, 0, 2] = 1000
    found, = run_embedded(case(blobs, {**OPTIONS, "ratio": 1.0, "scale": 1.0, "min_size": 0}))

    assert np.isfinite(found["top0.data"]).all()
    assert sorted(found["top1.data"] > 0) == [False, True, True]


def test_the_anchors_of_faster_rcnns_paper():
    """The table that py-faster-rcnn's generate_anchors.py is known by."""
    assert anchors(16, [0.5, 1, 2], [8, 16, 32]).tolist() == [
        [-84, -40, 99, 55], [-176, -88, 191, 103], [-360, -184, 375, 199],
        [-56, -56, 71, 71], [-120, -120, 135, 135], [-248, -248, 263, 263],
        [-36, -80, 51, 95], [-80, -168, 95, 183], [-168, -344, 183, 359]]


def test_regions_pass_on_to_what_pools_them():
    """The number of regions changes from pass to pass, and the layers behind follow; no gradient passes back."""
    net = f"""layer {{ name: "scale" type: "Scale" bottom: "deltas" top: "scaled" }}
              layer {{ name: "proposal" type: "Proposal" bottom: "scores" bottom: "scaled" bottom: "images" top: "rois"
                      proposal_param {{ {text(**OPTIONS)} }} }}
              layer {{ name: "pool" type: "ROIPooling" bottom: "maps" bottom: "rois" top: "pooled"
                      roi_pooling_param {{ pooled_h: 2 pooled_w: 2 spatial_scale: 0.125 }} }}"""
    few, many = ({**dict(zip(["scores", "deltas", "images"], bottoms(1, *size))), "maps": values(1, 3, *size)}
                 for size in ((1, 1), (4, 5)))
    found = run_embedded(Case(net, few, params={"scale": [np.ones(4 * 4)]}, then=[many]))

    for results, blobs in zip(found, (few, many)):
        rois, _ = expected([blobs["scores"], blobs["deltas"], blobs["images"]], **OPTIONS)
        assert results["pooled.data"].shape == (len(rois), 3, 2, 2)
        assert not results["deltas.diff"].any()
        assert results["maps.diff"].any()


@pytest.mark.parametrize(("wrong", "match"), [
    (case(bottoms(1, 2, 2), {"scale": 1.0}), "`ratio` is not given; give one or several numbers above 0"),
    (case(bottoms(1, 2, 2), {**OPTIONS, "scale": [1.0, 0.0]}), "`scale` is 1, 0; give one or several"),
    (case(bottoms(1, 2, 2), {**OPTIONS, "post_nms_topn": 0}), "`post_nms_topn` is 0; it must be at least 1"),
    (case(bottoms(1, 2, 2), {**OPTIONS, "feat_stride": 0}), "`feat_stride` is 0"),
    (case(bottoms(1, 2, 2, number=3)), r"shapes 1 6 2 2 .*4 anchors.*\(N, 8, H, W\) and \(N, 16, H, W\)"),
    (case([*bottoms(1, 2, 2)[:2], values(1, 2)]), "third bottom has shape 1 2.*of each of the 1 images"),
    (case([*bottoms(2, 2, 2)[:2], values(1, 4)]), "third bottom has shape 1 4.*of each of the 2 images"),
])
def test_what_says_no_boxes_is_refused(wrong, match):
    with pytest.raises(InputError, match=match):
        run_embedded(wrong)


def for_opencv(**options):
    """OpenCV has one scale for both sides, and does without `min_size`."""
    scores, deltas, sizes = bottoms(1, 4, 5, stretch=0.3)
    return case([scores, deltas, sizes[:, :3]], {**OPTIONS, "min_size": 0, **options}, tops=1)


OPENCV = {"few boxes": for_opencv(), "boxes that overlap": for_opencv(nms_thresh=0.9, post_nms_topn=8)}


@pytest.mark.parametrize("name", OPENCV)
def test_opencv_computes_the_same(name):
    opencv_judge.hold("proposal", name, OPENCV[name])
