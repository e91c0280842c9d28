"""The references of YOLO's layers, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from central_differences import slopes
from fork_references.yolo_boxes import iou, likeness, likeness_gradient, suppressed
from fork_references.yolo_detection_output import yolo_detection_output, yolov3_detection_output
from fork_references.yolo_losses import region_loss, yolov3

SQUARE, RIGHT, ASIDE = (0, 0, 2, 2), (1, 0, 2, 2), (1, 1, 2, 2)


def test_boxes():
    assert iou(SQUARE, RIGHT) == 1 / 3
    assert likeness(SQUARE, ASIDE, "GIOU") == pytest.approx(1 / 7 - 2 / 9)
    assert likeness(SQUARE, RIGHT, "DIOU") == pytest.approx(1 / 3 - (1 / 13) ** .6)
    assert likeness(SQUARE, RIGHT, "CIOU") == pytest.approx(1 / 3 - 1 / 13)
    assert suppressed([SQUARE, RIGHT, ASIDE], 1 / 3) == [0, 2]


def test_gradients_of_boxes():
    np.testing.assert_allclose(likeness_gradient(SQUARE, RIGHT, "IOU"), np.array([16, 0, 8, -8]) / 36)
    # The term of the hull, 3 x 2 with a diagonal of 13: (2 * 13 + 2 * 3) / 169, as Darknet signs it; 3 / 169 * 1.
    np.testing.assert_allclose(likeness_gradient(SQUARE, RIGHT, "DIOU"),
                               np.array([16, 0, 8, -8]) / 36 + np.array([32, 0, 3, 0]) / 169)


@pytest.mark.parametrize("kind", ["IOU", "GIOU"])
def test_gradients_are_derivatives_by_the_centre_and_twice_those_by_the_size(kind):
    box, true = np.array([.1, .2, 2, 1.5]), (.4, .1, 1.7, 2)
    wanted = slopes(lambda: likeness(box, true, kind), box) * [1, 1, 2, 2]

    np.testing.assert_allclose(likeness_gradient(box, true, kind), wanted, atol=1e-8)


CELL, LABELS = np.zeros((1, 7, 1, 1)), np.array([[[[1, .5, .5, 1, 1], [0, 0, 0, 0, 0]]]])
NONE = np.zeros((1, 1, 2, 5))


def test_region_loss_of_a_cell():
    options = {"num_class": 2, "num": 1, "biases": [1, 1]}
    loss, diff = region_loss(CELL, LABELS, **options)

    np.testing.assert_array_equal(diff.ravel(), [0, 0, 0, 0, -.125, .5, -.5])
    assert loss == .515625
    assert region_loss(CELL, NONE, **options)[1].ravel().tolist() == [0, 0, 0, 0, .0625, 0, 0]
    narrow = LABELS * [1, 1, 1, .5, 1]
    _, diff = region_loss(CELL, narrow, **options)
    np.testing.assert_allclose(diff.ravel()[:5], [0, 0, 5 * math.log(2), 0, 0])
    _, diff = region_loss(CELL, narrow, rescore=False, **options)
    np.testing.assert_allclose(diff.ravel()[:5], [0, 0, 7.5 * math.log(2), 0, -.125])


V3 = {"num_class": 2, "biases": [8, 8, 32, 32]}


def test_yolov3_of_a_cell():
    loss, diff = yolov3(CELL, LABELS, mask=[1], **V3)

    np.testing.assert_allclose(diff.ravel(), [0, 0, 0, 0, -.5, .45, -.45])
    assert loss == pytest.approx(.655)
    loss, diff = yolov3(CELL, LABELS, mask=[0], **V3)
    np.testing.assert_array_equal(diff.ravel(), [0, 0, 0, 0, .5, 0, 0])
    assert loss == .25
    _, diff = yolov3(CELL, LABELS, mask=[1], use_logic_gradient=True, object_scale=2, label_smooth_eps=0, **V3)
    np.testing.assert_allclose(diff.ravel(), [0, 0, 0, 0, -.25, .125, -.125])
    likely = -.5 * (2 * .5 * math.log(.5) - .5)
    _, diff = yolov3(CELL, LABELS, mask=[1], use_focal_loss=True, **V3)
    np.testing.assert_allclose(diff.ravel()[5:], [.5 * .5 * likely, -.5 * .5 * likely])


def test_yolov3_by_the_overlap():
    loss, diff = yolov3(CELL, LABELS, mask=[1], iou_loss="IOU", **V3)

    np.testing.assert_allclose(diff.ravel()[:4], [0, 0, .5, .5])
    assert loss == pytest.approx(.655)
    _, diff = yolov3(CELL, LABELS, mask=[1], iou_loss="GIOU", **V3)
    np.testing.assert_allclose(diff.ravel()[:4], [0, 0, 0, 0])
    _, diff = yolov3(CELL, LABELS, mask=[1], iou_loss="IOU", max_delta=.25, **V3)
    np.testing.assert_allclose(diff.ravel()[:4], [0, 0, .25, .25])


def test_yolov3_gives_boxes_to_all_anchors_that_are_like_them():
    alike = {"num_class": 2, "biases": [30, 32, 32, 32]}
    both = np.zeros((1, 14, 1, 1))

    assert yolov3(both, LABELS, mask=[0, 1], **alike)[1].ravel()[[4, 11]].tolist() == [-.5, -.5]
    assert yolov3(both, LABELS, mask=[0, 1], iou_thresh=1, **alike)[1].ravel()[[4, 11]].tolist() == [0, -.5]


def test_detections():
    batch = np.zeros((2, 7, 1, 1))
    batch[1, 6] = math.log(3)
    v2 = yolo_detection_output([batch], num_classes=2, num_box=1, biases=[1, 1])
    v3 = yolov3_detection_output([batch], num_box=1, mask=[1], anchors_scale=[32], num_classes=2, biases=V3["biases"])

    np.testing.assert_allclose(v2, [[[[0, 1, .25, 0, 0, 1, 1], [1, 2, .375, 0, 0, 1, 1]]]])
    np.testing.assert_allclose(v3, v2)
    nothing = yolo_detection_output([batch], num_classes=2, num_box=1, biases=[1, 1], confidence_threshold=.9)
    np.testing.assert_array_equal(nothing, [[[[0, *[-1] * 6], [1, *[-1] * 6]]]])
    gaussian = yolov3_detection_output([np.zeros((1, 11, 1, 1))], num_box=1, mask=[0], anchors_scale=[8],
                                       num_classes=2, biases=V3["biases"], gaussian_box=True)
    np.testing.assert_allclose(gaussian, [[[[0, 1, .125, 0, 0, 1, 1]]]])
