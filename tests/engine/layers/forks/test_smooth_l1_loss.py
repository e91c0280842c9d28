"""Fast R-CNN's SmoothL1Loss, and R-FCN's with its normalization."""

from __future__ import annotations

import fork_judge
import numpy as np
import pytest
from conformance import Case, examples, run_embedded, values, whole_numbers
from fork_references.ohem import smooth_l1_loss_ohem
from fork_references.smooth_l1_loss import smooth_l1_loss
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe.errors import InputError

SHAPES = st.lists(st.integers(1, 4), min_size=1, max_size=4)


def case(bottoms, options="", **further):
    return Case(f'type: "SmoothL1Loss" {options}', bottoms, **further)


def bottoms(number, *shape):
    """Predictions, targets and weights; no difference lies at a turn of the loss."""
    return [values(*shape, low=-2, high=2), values(*shape, seed=1), values(*shape, low=0, seed=2),
            values(*shape, low=0, seed=3)][:number]


@examples(40)
@given(shape=SHAPES, number=st.integers(2, 4), sigma=st.sampled_from([1.0, 3.0, 0.5]), weight=st.sampled_from([1, 2.5]))
def test_any_number_of_weights(shape, number, sigma, weight):
    options = f"smooth_l1_loss_param {{ sigma: {sigma} }} loss_weight: {weight}"

    fork_judge.hold(case(bottoms(number, *shape), options, top_diffs=[np.array(weight)]),
                    lambda given, params: [smooth_l1_loss(*given, sigma=sigma)], gradients=[0, 1])


@examples(30)
@given(shape=SHAPES, number=st.integers(2, 3), mode=st.sampled_from(
    ["FULL", "VALID", "BATCH_SIZE", "NONE", "PRE_FIXED", None]), layer=st.sampled_from(["", "OHEM"]))
def test_normalization_as_in_rfcn(shape, number, mode, layer):
    """Parts of the loss are for each item and place; and the gradient is the loss's alone."""
    options = f"loss_param {{ normalization: {mode} pre_fixed_normalizer: 6 }}" if mode else ""
    given = bottoms(number, *shape)
    found, = run_embedded(Case(f'type: "SmoothL1Loss{layer}" {options}', given, tops=2))

    mode = mode or ("VALID" if layer else "BATCH_SIZE")
    loss, parts = smooth_l1_loss_ohem(*map(np.float64, given), normalization=mode, pre_fixed_normalizer=6)
    np.testing.assert_allclose(found["top0.data"], loss, rtol=1e-5)
    np.testing.assert_allclose(found["top1.data"], parts, rtol=1e-5, atol=1e-6)
    weights = given[2] if number == 3 else 1
    divisor = np.sum(parts) / loss
    slopes = np.clip(weights * (given[0] - given[1]), -1, 1) * weights / divisor
    np.testing.assert_allclose(found["bottom0.diff"], slopes, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found["bottom1.diff"], -slopes, rtol=1e-5, atol=1e-6)


def test_with_four_bottoms_the_batch_divides_whatever_loss_param_says():
    given = bottoms(4, 3, 2)

    fork_judge.hold(case(given, "loss_param { normalization: NONE }"),
                    lambda arrays, params: [smooth_l1_loss(*arrays)], gradients=[0, 1])


def test_a_divisor_below_1_counts_as_1():
    options = "loss_param { normalization: PRE_FIXED pre_fixed_normalizer: 0.25 }"

    assert np.isclose(run_embedded(case([[3.0], [0.0]], options))[0]["top0.data"], 2.5)


def test_weights_get_no_gradient_even_where_one_is_asked_for():
    text = """layer { name: "scale" type: "Scale" bottom: "weights" top: "scaled" }
              layer { name: "loss" type: "SmoothL1Loss" bottom: "a" bottom: "b" bottom: "scaled" top: "loss" }"""
    found, = run_embedded(Case(text, dict(zip("ab", bottoms(2, 2, 3))) | {"weights": values(2, 3)}))

    assert found["a.diff"].any()
    assert not found["weights.diff"].any()


def test_equal_values_have_no_slope():
    found, = run_embedded(case([whole_numbers(2, 3, below=4)] * 2))

    assert found["top0.data"] == 0
    assert not found["bottom0.diff"].any()


def test_batches_of_other_sizes_later():
    fork_judge.hold(case(bottoms(4, 2, 3), then=[bottoms(4, 5, 2, 2)]),
                    lambda given, params: [smooth_l1_loss(*given)], gradients=[0, 1])


def test_lengths_of_1_behind_may_be_left_out():
    given = [values(2, 3), values(2, 3, 1, 1, seed=1)]

    fork_judge.hold(case(given), lambda arrays, params: [smooth_l1_loss(*arrays)], gradients=[0, 1])


@pytest.mark.parametrize(("wrong", "match"), [
    (case([values(2, 3), values(2, 4)]), "shapes 2 3.*and 2 4.*must be alike"),
    (case([values(2, 3), values(2, 3), values(3)]), "must be alike"),
    (case([values(2, 3)] * 2, "smooth_l1_loss_param { sigma: 0 }"), "`sigma` is 0.*above 0"),
    (case([values(2, 3)]), "1 bottom blob"),
    (Case('type: "SmoothL1LossOHEM"', [values(2, 3)] * 4), "4 bottom blob"),
])
def test_what_cannot_be_compared_is_refused(wrong, match):
    with pytest.raises(InputError, match=match):
        run_embedded(wrong)
