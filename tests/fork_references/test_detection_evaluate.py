"""fork_references.detection_evaluate with the values of SSD's test_detection_evaluate_layer.cpp and test_bbox_util.cpp,
and by hand."""

import numpy as np
import pytest
from fork_references.detection_evaluate import average_precision, detection_evaluate, mean_average_precision

TRUTHS = np.array([[0, 1, 0, 0.1, 0.1, 0.3, 0.3, 0], [0, 1, 0, 0.6, 0.6, 0.8, 0.8, 1],
                   [1, 2, 0, 0.3, 0.3, 0.6, 0.5, 0], [1, 1, 0, 0.7, 0.1, 0.9, 0.3, 0]])[None, None]
DETECTIONS = np.array([[0, 1, 0.3, 0.1, 0.0, 0.4, 0.3], [0, 1, 0.7, 0.0, 0.1, 0.2, 0.3],
                       [0, 1, 0.9, 0.7, 0.6, 0.8, 0.8], [1, 2, 0.8, 0.2, 0.1, 0.4, 0.4],
                       [1, 2, 0.1, 0.4, 0.3, 0.7, 0.5], [1, 1, 0.2, 0.8, 0.1, 1.0, 0.3],
                       [1, 3, 0.2, 0.8, 0.1, 1.0, 0.3], [2, 1, 0.2, 0.8, 0.1, 1.0, 0.3]])[None, None]
WANTED = [[-1, 1, 3, -1, -1], [-1, 2, 1, -1, -1], [0, 1, 0.9, 1, 0], [0, 1, 0.7, 1, 0], [0, 1, 0.3, 0, 1],
          [1, 1, 0.2, 1, 0], [1, 2, 0.8, 0, 1], [1, 2, 0.1, 1, 0], [1, 3, 0.2, 0, 1], [2, 1, 0.2, 0, 1]]
FORK = {"num_classes": 3, "overlap_threshold": 0.3}


def test_the_forks_values():
    assert detection_evaluate(DETECTIONS, TRUTHS, **FORK)[0, 0].tolist() == WANTED
    without = [row[:] for row in WANTED]
    without[0][2], without[2][3:] = 2, [0, 0]
    assert detection_evaluate(DETECTIONS, TRUTHS, **FORK, evaluate_difficult_gt=False)[0, 0].tolist() == without


def test_rows_that_do_not_count():
    none = np.array([[[[0, -1, -1, -1, -1, -1, -1], [-1, 1, 0.5, 0, 0, 1, 1]]]])
    assert detection_evaluate(none, TRUTHS, **FORK)[0, 0].tolist() == WANTED[:2]
    ended = np.insert(TRUTHS, 2, -1, axis=2)
    assert detection_evaluate(none, ended, **FORK)[0, 0].tolist() == [[-1, 1, 2, -1, -1], [-1, 2, 0, -1, -1]]
    assert detection_evaluate(none, ended, **{**FORK, "num_classes": 1}, background_label_id=-1)[0, 0].tolist() == [
        [-1, 0, 0, -1, -1]]


def test_boxes_in_pixels():
    # In an image of 2 x 2 pixels [0, 0, 0, 0] is one pixel, and [0, 0, 1, 1] four.
    truth = np.array([0, 1, 0, 0, 0, 0.5, 0.5, 0]).reshape(1, 1, 1, 8)
    found = np.array([0, 1, 0.5, 0, 0, 0, 0]).reshape(1, 1, 1, 7)
    for threshold, right in [(0.25, 1), (0.26, 0)]:
        top = detection_evaluate(found, truth, num_classes=2, overlap_threshold=threshold, sizes=[(2, 2)])
        assert top[0, 0, 1].tolist() == [0, 1, 0.5, right, 1 - right]


SCORES = [1.0, 1.0, 0.9, 0.9, 0.8, 0.7, 0.7, 0.6, 0.5, 0.4, 0.4]
RIGHT = [0, 1, 1, 0, 1, 0, 1, 0, 0, 0, 1]


@pytest.mark.parametrize("ap_version, wanted, last", [
    ("Integral", 0.558528, 0.2), ("MaxIntegral", 0.591861, 0.2), ("11point", 0.598662, 2 / 11)])
def test_average_precisions_of_the_fork(ap_version, wanted, last):
    assert average_precision(SCORES, RIGHT, 5, ap_version) == pytest.approx(wanted, abs=1e-6)
    assert average_precision(SCORES[:7], RIGHT[:7], 5, ap_version) == pytest.approx(wanted - 5 / 11 * last, abs=1e-6)
    assert average_precision([], [], 5, ap_version) == average_precision([1.0], [0], 0, ap_version) == 0


def test_recalls_are_compared_in_single_precision():
    # 7 of 10, all right: the points 0 to .6, for .7 as a float is less than .7.
    assert average_precision([1.0] * 7, [1] * 7, 10, "11point") == pytest.approx(7 / 11)


def test_the_mean_is_over_all_labels():
    first, second = detection_evaluate(DETECTIONS, TRUTHS, **FORK), np.array(WANTED[:2] + [[0, 2, 0.9, 0, 0]])
    # Label 1: right, right, wrong, right, wrong of 6; label 2: wrong, right of 2.
    one = average_precision([0.9, 0.7, 0.3, 0.2, 0.2], [1, 1, 0, 1, 0], 6)
    two = average_precision([0.8, 0.1], [0, 1], 2)
    assert (one, two) == pytest.approx(((1 + 1 + 3 / 4) / 6, 1 / 4))
    assert mean_average_precision([first, second]) == pytest.approx((one + two) / 2)
    assert mean_average_precision([np.array(WANTED[:3])]) == pytest.approx(1 / 3 / 2)
