"""fork_references.detection_output with the values of SSD's test_detection_output_layer.cpp, and by hand."""

import numpy as np
import pytest
from fork_references.detection_output import detection_output

CENTRES = [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)]
PRIORS = np.array([[[value for x, y in CENTRES for value in (x - 0.15, y - 0.15, x + 0.15, y + 0.15)], [0.1] * 16]])
# Scores of image i: class i % 2 has 0, .2, .4, .6 at the four priors, and the other 1, .8, .6, .4.
CONF = np.array([[[0.2 * j, 1 - 0.2 * j] if i == 0 else [1 - 0.2 * j, 0.2 * j] for j in range(4)]
                 for i in range(2)]).reshape(2, 8)
FORK = {"num_classes": 2, "nms_threshold": 0.1}


def offsets(classes):
    """Each prior moves towards the middle, by .05 for each half."""
    return np.array([[[[sign_x * move, sign_y * move] * 2 for move in [i + c / 2 + 0.5 for c in range(classes)]]
                      for sign_y in (1, -1) for sign_x in (1, -1)] for i in range(2)]).reshape(2, -1)


SHARED = ["0 1 1.0 0.15 0.15 0.45 0.45",
          "0 1 0.8 0.55 0.15 0.85 0.45", "0 1 0.6 0.15 0.55 0.45 0.85", "0 1 0.4 0.55 0.55 0.85 0.85",
          "1 1 0.6 0.45 0.45 0.75 0.75", "1 1 0.0 0.25 0.25 0.55 0.55"]
OWN = ["0 0 0.6 0.55 0.55 0.85 0.85", "0 0 0.4 0.15 0.55 0.45 0.85", "0 0 0.2 0.55 0.15 0.85 0.45",
       "0 0 0.0 0.15 0.15 0.45 0.45", "0 1 1.0 0.20 0.20 0.50 0.50", "0 1 0.8 0.50 0.20 0.80 0.50",
       "0 1 0.6 0.20 0.50 0.50 0.80", "0 1 0.4 0.50 0.50 0.80 0.80", "1 0 1.0 0.25 0.25 0.55 0.55",
       "1 0 0.4 0.45 0.45 0.75 0.75", "1 1 0.6 0.40 0.40 0.70 0.70"]


def rows(lines):
    return np.array([[float(word) for word in line.split()] for line in lines]).reshape(1, 1, -1, 7)


@pytest.mark.parametrize("options, wanted", [
    ({}, SHARED),
    ({"top_k": 2}, [SHARED[0], SHARED[1], SHARED[4]]),
    ({"share_location": False, "background_label_id": -1}, OWN),
    ({"share_location": False, "background_label_id": -1, "top_k": 2}, [OWN[i] for i in (0, 1, 4, 5, 8, 10)]),
    ({"share_location": False}, [OWN[i] for i in (4, 5, 6, 7, 10)]),
    ({"share_location": False, "top_k": 2}, [OWN[i] for i in (4, 5, 10)]),
    ({"confidence_threshold": 0.7}, SHARED[:2]),
    ({"share_location": False, "background_label_id": -1, "keep_top_k": 3}, [OWN[i] for i in (0, 4, 5, 8, 9, 10)])])
def test_the_forks_values(options, wanted):
    found = detection_output(offsets(1 if options.get("share_location", True) else 2), CONF, PRIORS, **FORK, **options)
    assert found == pytest.approx(rows(wanted), abs=1e-7)


def test_nothing_found():
    found = detection_output(offsets(1), CONF, PRIORS, **FORK, confidence_threshold=1.0)
    assert found.tolist() == [[[[0, *[-1] * 6], [1, *[-1] * 6]]]]
    assert detection_output(offsets(1), CONF, PRIORS, **FORK, keep_top_k=0).shape == (1, 1, 2, 7)


def test_a_label_keeps_the_order_of_its_scores():
    found = detection_output(offsets(1), CONF, PRIORS, **FORK, keep_top_k=2)
    assert found == pytest.approx(rows([*SHARED[:2], *SHARED[4:]]), abs=1e-7)
