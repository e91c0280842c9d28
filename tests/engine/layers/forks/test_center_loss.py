"""CenterLoss of caffe-face and NormFace's fork."""

from __future__ import annotations

import numpy as np
import pytest
from conformance import Case, examples, run_embedded, values, whole_numbers
from fork_judge import agree
from fork_references.center_loss import center_loss, center_loss_backward
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe.errors import InputError


def case(text, *bottoms, weight=1, **further):
    return Case(f'type: "CenterLoss" loss_weight: {weight} center_loss_param {{ {text} }}', list(bottoms), **further)


@examples(25)
@given(number=st.integers(1, 6), features=st.sampled_from([(3,), (2, 1, 2)]), classes=st.integers(1, 4),
       distance=st.sampled_from(["L1", "L2"]), weight=st.sampled_from([1, 0.25]), label_axes=st.integers(0, 3))
def test_features_go_to_centres_and_centres_to_features(number, features, classes, distance, weight, label_axes):
    bottoms = [values(number, *features), whole_numbers(number, *(1,) * label_axes, below=classes)]
    centers = values(classes, int(np.prod(features)), seed=7)
    arrays = [array.astype(np.float64) for array in (*bottoms, centers)]
    bottom_diff, centers_diff = center_loss_backward(*arrays, top_diff=weight, distance_type=distance)

    agree(case(f'num_output: {classes} distance_type: "{distance}"', *bottoms, params=[centers], weight=weight),
          {"top0.data": center_loss(*arrays, distance_type=distance), "bottom0.diff": bottom_diff,
           "layer[0].diff": centers_diff})


def test_centres_gather_steps():
    bottoms = [values(3, 2), np.array([0, 1, 1])]
    once, = run_embedded(case("num_output: 2", *bottoms))

    assert np.abs(once["layer[0].diff"]).max() > 0
    np.testing.assert_allclose(once["layer[0].diff twice"], 2 * once["layer[0].diff"], rtol=1e-6)


@pytest.mark.parametrize(("text", "bottoms", "match"), [
    ("", [values(2, 3), np.zeros(2)], "`num_output` is 0"),
    ('num_output: 2 distance_type: "L3"', [values(2, 3), np.zeros(2)], "'L3'` is none"),
    ("num_output: 2", [values(2, 3), np.zeros((2, 2))], "one label for each"),
    ("num_output: 2", [values(2, 3), np.zeros(3)], "the batch, must agree"),
    ("num_output: 2 axis: 2", [values(2, 3, 2), np.zeros(2)], "must have 2 values, as its centres"),
    ("num_output: 2", [values(2, 3), np.array([0, 2])], "found the label 2")])
def test_what_has_no_centre_is_refused(text, bottoms, match):
    with pytest.raises(InputError, match=match):
        run_embedded(case(text, *bottoms))
