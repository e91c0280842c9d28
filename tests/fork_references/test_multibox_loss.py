"""fork_references.multibox_loss by hand, and its gradients as in SSD's test_multibox_loss_layer.cpp."""

import itertools

import numpy as np
import pytest
from central_differences import slope
from fork_references.multibox_loss import matches, multibox_loss, multibox_loss_backward

# Three quarters of the image; the truth overlaps the first by .8 and touches the others.
PRIORS = np.array([[[0, 0, 0.5, 0.5, 0.5, 0.5, 1, 1, 0, 0.5, 0.5, 1], [0.1] * 12]])
TRUTH = np.array([0, 1, 0, 0, 0, 0.5, 0.4, 0.0]).reshape(1, 1, 1, 8)
LOC = np.array([[0.5, 0, 0, 0] + [0.0] * 8])
CONF = np.log([[1, 3, 3, 1, 1, 1.0]])       # probabilities 1/4 3/4, 3/4 1/4, 1/2 1/2
INPUT = (LOC, CONF, PRIORS, TRUTH)
TWO = {"num_classes": 2}


def test_by_hand():
    # The code of the truth is (0, 0, 0, -.1) / .1, so that (.5, 0, 0, 1) are lacking: .125 + .5. Of the negatives the
    # third is the harder one.
    options = {**TWO, "loc_weight": 2.0, "neg_pos_ratio": 1.0}
    assert matches(*INPUT, **options) == ([{-1: [0, -1, -1]}], [[2]])
    assert multibox_loss(*INPUT, **options) == pytest.approx(2 * 0.625 + np.log(4 / 3) + np.log(2))
    loc, conf = multibox_loss_backward(4.0, *INPUT, **options)
    assert loc == pytest.approx(np.array([[4, 0, 0, 8] + [0] * 8]))
    assert conf == pytest.approx(np.array([[1, -1, 0, 0, -2, 2]]))


@pytest.mark.parametrize("options, wanted", [
    ({"loc_loss_type": "L2", "propagate_down": (True, False)}, 0.125 + 0.5),
    ({"propagate_down": (False, True)}, 2 * np.log(4 / 3) + np.log(2)),
    ({"normalization": "FULL"}, (0.625 + 2 * np.log(4 / 3) + np.log(2)) / 3),
    ({"neg_pos_ratio": 0.9}, 0.625 + np.log(4 / 3)),
    ({"mining_type": "NONE", "neg_pos_ratio": 0.0}, 0.625 + 2 * np.log(4 / 3) + np.log(2)),
    # Losses .625 + ln 4/3, ln 4/3 and ln 2: the first and the third.
    ({"mining_type": "HARD_EXAMPLE", "sample_size": 2}, 0.625 + np.log(4 / 3) + np.log(2)),
    ({"mining_type": "HARD_EXAMPLE", "sample_size": 2, "propagate_down": (True, False), "loc_loss_type": "L2"}, 0.625),
    # Sigmoids 1/2 3/4 | 3/4 1/2 | 1/2 1/2 against 0 1 | 1 0 | 1 0.
    ({"conf_loss_type": "LOGISTIC"}, 0.625 + 2 * (np.log(4 / 3) + np.log(2)) + 2 * np.log(2)),
    # Without mining 0 0 is wanted of the second and the third.
    ({"conf_loss_type": "LOGISTIC", "mining_type": "NONE"},
     0.625 + (np.log(4 / 3) + np.log(2)) + (np.log(4) + np.log(2)) + 2 * np.log(2))])
def test_options_by_hand(options, wanted):
    assert multibox_loss(*INPUT, **TWO, **options) == pytest.approx(wanted)


def test_hard_examples_unmatch():
    # The match lacks .625 + ln 4/3 = .91, the third ln 2 = .69; with a better code the match lacks least.
    better = (np.zeros((1, 12)), np.log([[1, 9, 3, 1, 1, 1.0]]), PRIORS, TRUTH * [1, 1, 1, 1, 1, 1, 1.25, 1])
    options = {**TWO, "mining_type": "HARD_EXAMPLE", "sample_size": 2}
    assert matches(*better, **options) == ([{-1: [-1, -1, -1]}], [[1, 2]])
    assert multibox_loss(*better, **options) == pytest.approx(np.log(4 / 3) + np.log(2))
    # Suppression by the whole image's boxes leaves the hardest alone.
    whole = np.array([[[0, 0, 1, 1] * 3, [0.1] * 12]])
    options = {**TWO, "mining_type": "HARD_EXAMPLE", "nms_param": {"nms_threshold": 0.5}, "use_prior_for_nms": True}
    assert matches(np.zeros((1, 12)), CONF, whole, TRUTH, **options) == ([{-1: [0, -1, -1]}], [[]])


def test_locations_of_each_class():
    truths = np.array([[0, 1, 0, 0, 0, 0.5, 0.4, 0], [0, 2, 0, 0.5, 0.5, 1, 1, 1], [-1] * 8]).reshape(1, 1, 3, 8)
    loc = np.zeros((1, 3, 3, 4))
    loc[0, 0, 1, 3], loc[0, 1, 2, 0] = -0.5, 3.0     # lacking .5, and 3
    options = {"num_classes": 3, "share_location": False, "mining_type": "NONE", "propagate_down": (True, False)}
    arrays = (loc.reshape(1, 36), np.zeros((1, 9)), PRIORS, truths)
    assert matches(*arrays, **options)[0] == [{1: [0, -1, -1], 2: [-1, 1, -1]}]
    assert multibox_loss(*arrays, **options) == pytest.approx((0.125 + 2.5) / 2)
    diff = multibox_loss_backward(2.0, *arrays, **options)[0].reshape(3, 3, 4)
    assert (diff[0, 1, 3], diff[1, 2, 0], abs(diff).sum()) == pytest.approx((0.5, 1, 1.5))
    assert multibox_loss(*arrays, **options, use_difficult_gt=False) == pytest.approx(0.125)


def test_no_truth():
    none = np.full((1, 1, 1, 8), -1.0)
    assert multibox_loss(LOC, CONF, PRIORS, none, **TWO) == 0
    assert multibox_loss(LOC, CONF, PRIORS, none, mining_type="NONE", **TWO) == pytest.approx(
        np.log(4) + np.log(4 / 3) + np.log(2))


def test_bp_inside_takes_corners_outside_for_right():
    priors = PRIORS - np.array([[[0.1] * 4 + [0] * 8, [0] * 12]])
    lacking = multibox_loss(LOC, CONF, priors, TRUTH, **TWO, bp_inside=True, propagate_down=(True, False))
    # Codes (.1, .1, .1, 0) / .1 against .5 0 0 0: the first two corners lie outside, and (-1, 0) are lacking.
    assert lacking == pytest.approx(0.5)


@pytest.mark.parametrize("loc_loss_type, conf_loss_type, mining_type, share, code_type, in_target", [
    case for case in itertools.product(["L2", "SMOOTH_L1"], ["SOFTMAX", "LOGISTIC"],
                                       ["NONE", "MAX_NEGATIVE", "HARD_EXAMPLE"], [True, False],
                                       ["CORNER", "CENTER_SIZE", "CORNER_SIZE"], [True, False])
    if case[3] or case[2] == "NONE"])
def test_gradients(loc_loss_type, conf_loss_type, mining_type, share, code_type, in_target):
    random = np.random.RandomState(1)
    options = {"num_classes": 3, "loc_loss_type": loc_loss_type, "conf_loss_type": conf_loss_type, "sample_size": 3,
               "mining_type": mining_type, "share_location": share, "code_type": code_type,
               "encode_variance_in_target": in_target, "use_prior_for_matching": code_type != "CORNER"}
    loc, conf = random.randn(2, 12 if share else 36) * 0.1, random.randn(2, 9)
    truths = np.array([[0, 1, 0, 0, 0.05, 0.5, 0.4, 0], [1, 2, 0, 0.3, 0.5, 1, 1, 0]]).reshape(1, 1, 2, 8)
    for array, diff in zip((loc, conf), multibox_loss_backward(1.0, loc, conf, PRIORS, truths, **options)):
        for column in random.permutation(array.shape[1])[:2]:
            place = (random.randint(2), column)
            wanted = slope(lambda: multibox_loss(loc, conf, PRIORS, truths, **options), array, place)
            assert diff[place] == pytest.approx(wanted, abs=1e-7)
