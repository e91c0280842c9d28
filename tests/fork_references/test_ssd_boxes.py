"""fork_references.ssd_boxes with the values of SSD's test_bbox_util.cpp, and by hand."""

import numpy as np
import pytest
from fork_references.ssd_boxes import (
    box_size,
    coverage,
    decode,
    encode,
    intersection,
    jaccard,
    locate,
    match,
    meets_constraint,
    nms,
    nms_fast,
    output_box,
    project,
    scale,
)

TRUTHS = [(1, (0.1, 0.1, 0.3, 0.3)), (2, (0.3, 0.3, 0.6, 0.5))]
BOXES = [(0.1, 0, 0.4, 0.3), (0, 0.1, 0.2, 0.3), (0.2, 0.1, 0.4, 0.4), (0.4, 0.3, 0.7, 0.5), (0.5, 0.4, 0.7, 0.7),
         (0.7, 0.7, 0.8, 0.8)]
PRIOR, BOX = (0.1, 0.1, 0.3, 0.3), (0.0, 0.2, 0.4, 0.5)


def test_sizes_and_overlaps():
    box = (0.2, 0.3, 0.3, 0.5)
    assert intersection(box, (0.1, 0.1, 0.3, 0.4)) == pytest.approx([0.2, 0.3, 0.3, 0.4])
    assert not intersection(box, (0, 0, 0.1, 0.1)).any()
    sizes = [box_size(box), box_size((0.2, 0.3, 0.2, 0.5)), box_size((0.2, 0.3, 0.1, 0.5))]
    assert sizes == pytest.approx([0.02, 0, 0])
    assert box_size(scale((0.21, 0.32, 0.33, 0.54), 10, 20), normalized=False) == pytest.approx(10.88)
    assert jaccard(box, (0.1, 0.1, 0.3, 0.4)) == pytest.approx(1 / 7)
    assert jaccard(box, (0.1, 0.1, 0.4, 0.6)) == pytest.approx(2 / 15)
    assert jaccard(box, (0, 0, 0.1, 0.1)) == 0
    assert coverage(box, (0.1, 0.1, 0.3, 0.4)) == pytest.approx(0.5)


@pytest.mark.parametrize("code_type, variance, code", [
    ("CORNER", [0.1] * 4, [-0.1, 0.1, 0.1, 0.2]),
    ("CENTER_SIZE", [0.1, 0.1, 0.2, 0.2], [0, 0.75, np.log(2), np.log(1.5)]),
    ("CORNER_SIZE", [0.1] * 4, [-0.5, 0.5, 0.5, 1.0])])
def test_codes(code_type, variance, code):
    assert encode(PRIOR, variance, BOX, code_type, True) == pytest.approx(code)
    assert encode(PRIOR, variance, BOX, code_type) == pytest.approx(np.array(code) / variance)
    assert decode(PRIOR, variance, code, code_type, True) == pytest.approx(BOX)
    assert decode(PRIOR, variance, np.array(code) / variance, code_type) == pytest.approx(BOX)


def test_decoded_boxes_are_clipped_if_told_so():
    assert decode(PRIOR, [1] * 4, [-1, 1, 1, 0], clip_box=True) == pytest.approx([0, 1, 1, 0.3])


@pytest.mark.parametrize("options, wanted", [
    ({"label": 1, "match_type": "BIPARTITE", "overlap_threshold": -1}, [0, -1, -1, -1, -1, -1]),
    ({"match_type": "BIPARTITE", "overlap_threshold": -1}, [0, -1, -1, 1, -1, -1]),
    ({"label": 1, "overlap_threshold": 0.3}, [0, 0, -1, -1, -1, -1]),
    ({"overlap_threshold": 0.3}, [0, 0, -1, 1, -1, -1]),
    ({"overlap_threshold": 0.001}, [0, 0, 0, 1, 1, -1])])
def test_matches(options, wanted):
    found, overlaps = match(TRUTHS, BOXES, ignore_cross_boundary_bbox=True, **options)
    assert found == wanted
    of_two = [4 / 8, 1 / 11, 0] if options.get("label") != 1 else [0, 0, 0]
    assert overlaps == pytest.approx([4 / 9, 2 / 6, 2 / 8, *of_two])


def test_boxes_over_the_boundary_are_left_out():
    crossing = [(-0.1, 0.1, 0.3, 0.3), *BOXES[1:]]
    assert match(TRUTHS, crossing, ignore_cross_boundary_bbox=True, match_type="BIPARTITE")[0] == [
        -2, 0, -1, 1, -1, -1]
    assert match([], crossing, ignore_cross_boundary_bbox=True)[0] == [-1] * 6


def test_suppression():
    boxes = [(0.1, 0.1, 0.3, 0.3), (0.2, 0.1, 0.4, 0.3), (0.2, 0, 0.4, 0.2), (0.1, 0.2, 0.4, 0.4)]
    scores = [0.8, 0.7, 0.4, 0.5]
    assert nms(boxes, scores, 0.3) == nms_fast(boxes, scores, 0.0, 0.3) == [0, 3, 2]
    assert nms(boxes, scores, 0.3, top_k=2) == nms_fast(boxes, scores, 0.0, 0.3, top_k=2) == [0]
    assert nms(boxes, scores, 0.2, top_k=3) == nms_fast(boxes, scores, 0.0, 0.2, top_k=3) == [0]
    assert nms_fast(boxes, scores, 0.5, 0.2) == [0]
    assert nms([(0, 0, 1e-3, 1e-3), *boxes], [0.9, *scores], 0.3) == [1, 4, 3]
    assert nms_fast([(0, 0, 1e-3, 1e-3), *boxes], [0.9, *scores], 0.0, 0.3) == [0, 1, 4, 3]


def test_the_threshold_adapts_while_above_a_half():
    # Overlaps .8 of neighbours' areas: widths 1, and 0.8 of it in common with the first.
    boxes, scores = [(0, 0, 1, 1), (0, 0, 0.7, 1), (0, 0, 0.5, 1)], [0.9, 0.8, 0.7]
    # .7 <= .72 stays; the threshold becomes .72 * .9^2, and then .5 <= .5832 but 5/7 is not.
    assert nms_fast(boxes, scores, 0.0, 0.72) == [0, 1, 2]
    assert nms_fast(boxes, scores, 0.0, 0.8, eta=0.9) == [0, 1]
    assert nms_fast(boxes, scores, 0.0, 0.72, eta=0.9) == [0, 2]


def test_boxes_of_boxes():
    assert locate((0.2, 0.2, 0.6, 0.4), (0.5, 0, 1, 0.5)) == pytest.approx([0.4, 0.2, 0.6, 0.3])
    assert project((0.2, 0.2, 0.6, 0.4), (0.4, 0.1, 0.8, 0.3)) == pytest.approx([0.5, 0, 1, 0.5])
    assert project((0.2, 0.2, 0.6, 0.4), (0.6, 0.2, 0.8, 0.3)) is None
    assert meets_constraint((0, 0, 0.5, 1), (0.3, 0, 0.7, 1))
    assert not meets_constraint((0, 0, 0.49, 1), (0.3, 0, 0.7, 1))
    assert meets_constraint((0, 0, 0.5, 1), (0.3, 0, 0.7, 1), "MIN_OVERLAP", 0.49)
    assert not meets_constraint((0, 0, 0.5, 1), (0.3, 0, 0.7, 1), "MIN_OVERLAP", 0.51)


@pytest.mark.parametrize("size, resize, wanted", [
    ((300, 500), None, (0, 90, 150, 150)),
    ((300, 500), {"resize_mode": "WARP"}, (0, 90, 150, 150)),
    ((300, 500), {"resize_mode": "FIT_SMALL_SIZE"}, (0, 90, 150, 150)),
    ((300, 500), {"resize_mode": "FIT_SMALL_SIZE", "height_scale": 300, "width_scale": 300}, (0, 90, 90, 150)),
    ((300, 500), {"resize_mode": "FIT_LARGE_SIZE_AND_PAD"}, (0, 50, 150, 150)),
    ((500, 300), {"resize_mode": "FIT_LARGE_SIZE_AND_PAD"}, (0, 150, 50, 250))])
def test_boxes_in_pixels(size, resize, wanted):
    resize = resize and {"height": 300, "width": 300, **resize}
    assert output_box((-0.1, 0.3, 0.3, 0.5), *size, resize) == pytest.approx(wanted)
