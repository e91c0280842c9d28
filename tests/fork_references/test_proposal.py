"""fork_references.proposal with the anchors that py-faster-rcnn's generate_anchors.py names, and by hand."""

import math

import numpy as np
import pytest
from fork_references.proposal import (
    anchor_targets,
    bbox_transform,
    bbox_transform_inv,
    generate_anchors,
    overlap,
    overlap_if_touching,
    proposal,
    python_proposal,
    suppressed,
)

NINE = [[-84, -40, 99, 55], [-176, -88, 191, 103], [-360, -184, 375, 199], [-56, -56, 71, 71], [-120, -120, 135, 135],
        [-248, -248, 263, 263], [-36, -80, 51, 95], [-80, -168, 95, 183], [-168, -344, 183, 359]]


def test_anchors():
    assert generate_anchors().tolist() == generate_anchors(to_even=False).tolist() == NINE
    # sqrt(64 / 1.31) = 7, and 7 * 1.5 = 10.5, which is 10, or 11.
    for to_even, height in [(True, 10), (False, 11)]:
        box = generate_anchors(8, [1.5], [1], to_even)[0]
        assert (box[2] - box[0] + 1, box[3] - box[1] + 1) == (7, height)


def test_transforms():
    assert bbox_transform([0, 0, 9, 9], [5, 0, 24, 4]) == pytest.approx([1, -0.25, math.log(2), math.log(0.5)])
    # Centre 5, half of it 10 wide: 5 - 5 to 5 + 5.
    assert bbox_transform_inv([0, 0, 9, 9], [0, 0, 0, 0]).tolist() == [0, 0, 10, 10]
    assert bbox_transform_inv([0, 0, 9, 9], [1, 0, math.log(2), 0]) == pytest.approx([5, 0, 25, 10])


def test_overlaps_count_the_last_pixels():
    assert overlap([0, 0, 1, 1], [1, 1, 2, 2]) == pytest.approx(1 / 7)
    assert overlap([0, 0, 1, 1], [2, 0, 3, 1]) == 0
    boxes = [[0, 0, 9, 9], [0, 0, 9, 8], [20, 20, 29, 29], [0, 0, 4, 9]]
    assert suppressed(boxes, 0.7) == [0, 2, 3]
    assert suppressed(boxes, 0.7, most=2) == [0, 2]
    assert suppressed(boxes, 0.9) == [0, 1, 2, 3]
    assert overlap([0, 0, 1, 1], [1.5, 0, 2.5, 1]) == pytest.approx(0.5 * 2 / 7)
    assert overlap_if_touching([0, 0, 1, 1], [1.5, 0, 2.5, 1]) == 0


# Two places four pixels apart, of one anchor of 4 x 4 pixels; background scores, then foreground.
SCORES = np.array([[[[9, 9]], [[0.3, 0.8]]]])
DELTAS = np.zeros((1, 4, 1, 2))
ONE = {"feat_stride": 4, "base_size": 4, "ratio": [1.0], "scale": [1.0], "min_size": 1}


def test_proposals_by_hand():
    rois, scores = proposal(SCORES, DELTAS, np.array([[20, 7.0, 1, 1]]), **ONE)
    # [4, 0, 8, 4] is cut at column 6; [0, 0, 4, 4] overlaps it by 5 pixels of 25 + 15 - 5.
    assert rois.tolist() == [[0, 4, 0, 6, 4], [0, 0, 0, 4, 4]]
    assert scores.tolist() == [0.8, 0.3]
    assert proposal(SCORES, DELTAS, np.array([[20, 7.0, 1, 1]]), **ONE, nms_thresh=0.1)[0].tolist() == [[0, 4, 0, 6, 4]]
    assert proposal(SCORES, DELTAS, np.array([[20, 7.0, 1, 1]]), **ONE, post_nms_topn=1)[1].tolist() == [0.8]
    assert proposal(SCORES, DELTAS, np.array([[20, 7.0, 1, 1]]), **ONE, pre_nms_topn=1)[1].tolist() == [0.8]


def test_small_boxes_have_no_score():
    rois, scores = proposal(SCORES, DELTAS, np.array([[20, 7.0, 1, 2]]), **{**ONE, "min_size": 2})
    assert scores.tolist() == [0.3, 0.0]
    assert rois[:, 1].tolist() == [0, 4]


def test_python_proposals():
    scores, deltas = np.zeros((1, 6, 1, 1)), np.zeros((1, 12, 1, 1))
    scores[0, 3:, 0, 0] = [0.1, 0.5, 0.9]
    deltas[0, 8] = 100 / 16
    # Anchors 23 x 12, 16 x 16, and 11 x 22, which moves right by 6.25 of its width, out of the image. The first becomes
    # [-3.5, 2, 19.5, 14], which is 13 pixels high.
    rois, found = python_proposal(scores, deltas, np.array([[50, 60.0, 1]]), feat_stride=16, scales=(1,), min_size=14)
    assert (found.tolist(), rois.tolist()) == ([[0.5]], [[0, 0, 0, 16, 16]])
    rois, found = python_proposal(scores, deltas, np.array([[50, 90.0, 1]]), feat_stride=16, scales=(1,), min_size=11)
    assert found.ravel().tolist() == [0.9, 0.5, 0.1]
    assert rois[0] == pytest.approx([0, 8 - 5.5 + 11 * 6.25, 0, 8 + 5.5 + 11 * 6.25, 19])


def test_anchor_targets():
    # Anchors 23 x 12, 16 x 16 and 11 x 22 at one place; inside an image of 20 x 20 lies the second alone.
    truths = np.array([[0, 0, 15, 7, 1.0]])
    labels, targets, inside, outside = anchor_targets(1, 1, truths, np.array([[20, 20, 1.0]]), feat_stride=16,
                                                      scales=(1,))
    assert labels.ravel().tolist() == [-1, 1, -1]
    assert targets.ravel() == pytest.approx([0] * 4 + [0, -0.25, 0, math.log(0.5)] + [0] * 4)
    assert inside.ravel().tolist() == outside.ravel().tolist() == [0] * 4 + [1] * 4 + [0] * 4
    labels, _, _, outside = anchor_targets(1, 2, truths, np.array([[20, 32, 1.0]]), feat_stride=16, scales=(1,))
    assert labels[0, 0].tolist() == [[-1, -1], [1, 0], [-1, -1]]
    assert outside[0, 4:8].ravel().tolist() == [0.5] * 8
