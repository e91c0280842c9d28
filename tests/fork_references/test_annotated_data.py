"""fork_references.annotated_data with the values of SSD's test_im_transforms.cpp, and by hand."""

import numpy as np
import pytest
from fork_references.annotated_data import (
    crop_of,
    expanded_box,
    expanded_size,
    extrapolated_box,
    labels,
    resized_box,
    resized_size,
    sampled_box,
    sampled_extent,
    satisfies,
    transformed_annotations,
)

BOX = (0.1, 0.3, 0.3, 0.6)
LARGE, SMALL = {"resize_mode": "FIT_LARGE_SIZE_AND_PAD"}, {"resize_mode": "FIT_SMALL_SIZE"}


@pytest.mark.parametrize("size, mode, wanted", [
    ((600, 1000), {}, BOX), ((600, 1000), SMALL, BOX),
    ((600, 1000), LARGE, (0.1, (180 * 0.3 + 60) / 300, 0.3, (180 * 0.6 + 60) / 300)),
    ((1000, 600), LARGE, ((180 * 0.1 + 60) / 300, 0.3, (180 * 0.3 + 60) / 300, 0.6))])
def test_boxes_of_resized_images(size, mode, wanted):
    assert resized_box(BOX, *size, {"height": 300, "width": 300, **mode}) == pytest.approx(wanted)


def test_sizes():
    assert resized_size(60, 100, {"height": 30, "width": 30, **SMALL}) == (30, 50)
    assert resized_size(100, 60, {"height": 30, "width": 30, **SMALL}) == (49, 30)
    assert resized_size(120, 60, {"height": 30, "width": 30, **SMALL}) == (60, 30)
    assert resized_size(100, 60, {"height": 30, "width": 20, **LARGE}) == (30, 20)
    assert expanded_size(10, 15, 1.25) == (12, 18)
    assert expanded_box(10, 20, 2.0, top=5, left=10).tolist() == [-0.5, -0.5, 1.5, 1.5]
    assert crop_of((0.15, -1, 0.59, 0.5), 20, 10) == (0, 1, 10, 4)


def test_samples():
    assert sampled_extent(0.5, 4.0) == pytest.approx((1.0, 0.25))
    assert sampled_extent(0.5, 9.0) == pytest.approx((1.0, 0.25))     # a ratio of 4 at most
    assert sampled_extent(0.5, 0.1) == pytest.approx((0.25, 1.0))
    assert sampled_box(0.5, 1.0, 0.25, 0.5) == pytest.approx([0.25, 0.5, 0.75, 1.0])


@pytest.mark.parametrize("constraint, good", [
    ({}, True),
    ({"min_jaccard_overlap": 0.49}, True), ({"min_jaccard_overlap": 0.51}, False), ({"max_jaccard_overlap": 0.1}, True),
    ({"min_sample_coverage": 0.51}, False), ({"min_object_coverage": 1.0}, True), ({"max_object_coverage": 0.9}, True),
    # The first object has an overlap of .5, the second one of 0; no object has both.
    ({"min_jaccard_overlap": 0.49, "max_object_coverage": 0.9}, False)])
def test_constraints(constraint, good):
    objects = [(0, 0, 0.5, 0.5), (0.8, 0.8, 1, 1)]
    assert satisfies((0, 0, 0.5, 1.0), objects, **constraint) is good
    assert satisfies((0, 0, 0.5, 1.0), [], **constraint) is (not constraint)


def test_annotations_of_a_crop():
    groups = [(1, [(0, (0.1, 0.1, 0.5, 0.3), 0), (1, (0.7, 0.7, 0.9, 0.9), 1)]), (2, [(5, (0.6, 0, 0.84, 1), 0)])]
    crop = (0.3, 0.1, 0.7, 0.5)
    [(label, [(instance, box, _)]), (other, [(_, half, _)])] = transformed_annotations(groups, crop)
    assert (label, instance, other) == (1, 0, 2)
    assert box == pytest.approx([0, 0, 0.5, 0.5])
    assert half == pytest.approx([0.75, 0, 1, 1])
    [(_, [(_, box, _)]), (_, [(_, half, _)])] = transformed_annotations(groups, crop, mirror=True)
    assert (box, half) == (pytest.approx([0.5, 0, 1, 0.5]), pytest.approx([0, 0, 0.25, 1]))
    assert [label for label, _ in transformed_annotations(groups, crop, emit_constraint={})] == [1]
    assert [label for label, _ in transformed_annotations(
        groups, crop, emit_constraint={"emit_type": "MIN_OVERLAP", "emit_overlap": 0.3})] == [1]
    assert transformed_annotations(groups, (0, 0.95, 0.5, 1)) == []


def test_boxes_of_crops_in_other_pixels():
    # 100 x 200 becomes 50 x 100, whose right half is 50 x 50: twice the 25 x 25 pixels.
    resize = {"height": 50, "width": 50, "height_scale": 25, "width_scale": 25, **SMALL}
    assert extrapolated_box((0, 0.5, 0.5, 1), 100, 200, (0.5, 0, 1, 1), resize) == pytest.approx([0, 1, 1, 2])
    [(_, [(_, box, _)])] = transformed_annotations([(1, [(0, (0.5, 0.5, 0.75, 1), 0)])], (0.5, 0, 1, 1),
                                                   size=(100, 200), resize=resize)
    assert box == pytest.approx([0, 1, 1, 2])


def test_labels():
    assert labels([[], []]).tolist() == [[[[-1] * 8]]]
    assert labels([[(3, [(0, np.array(BOX), 1)])], [], [(1, [(2, np.array(BOX), 0)])]]).tolist() == [[[
        [0, 3, 0, *BOX, 1], [2, 1, 2, *BOX, 0]]]]
