"""Eltwise: sums, products and maxima of several blobs."""

from __future__ import annotations

import numpy as np
import pytest
from conformance import Case, examples, run_embedded, values
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe.errors import InputError

SHAPES = st.lists(st.integers(1, 5), min_size=0, max_size=5).map(tuple)
SEEDS = st.integers(0, 1000)


def bottoms(number, shape, seed=0):
    return [values(*shape, seed=seed + i) for i in range(number)]


@examples(30)
@given(coefficients=st.lists(st.sampled_from([1, -1, 0, 0.5, 2.25]), min_size=2, max_size=5), given_=st.booleans(),
       shape=SHAPES, seed=SEEDS)
def test_sum(judge, coefficients, given_, shape, seed):
    options = " ".join(f"coeff: {c}" for c in coefficients) if given_ else ""
    judge(Case(f'type: "Eltwise" eltwise_param {{ operation: SUM {options} }}',
               bottoms(len(coefficients), shape, seed)))


@examples(25)
@given(number=st.integers(2, 5), stable=st.sampled_from(["true", "false"]), shape=SHAPES, seed=SEEDS)
def test_product(judge, number, stable, shape, seed):
    judge(Case(f'type: "Eltwise" eltwise_param {{ operation: PROD stable_prod_grad: {stable} }}',
               bottoms(number, shape, seed)))


@pytest.mark.parametrize("stable", ["true", "false"])
def test_product_with_zeros(judge, stable):
    a, b = np.array([0, 0, 2], np.float32), np.array([0, 3, -1], np.float32)
    judge(Case(f'type: "Eltwise" eltwise_param {{ operation: PROD stable_prod_grad: {stable} }}', [a, b, b]))


@examples(25)
@given(number=st.integers(2, 5), shape=SHAPES, seed=SEEDS, step=st.sampled_from([0.5, 0.01]))
def test_maximum_with_equal_values(judge, number, shape, seed, step):
    rounded = [np.round(array / step).astype(np.float32) for array in bottoms(number, shape, seed)]
    judge(Case('type: "Eltwise" eltwise_param { operation: MAX }', rounded))


def test_one_blob_several_times(judge):
    net = 'layer { name: "e" type: "Eltwise" bottom: "a" bottom: "a" bottom: "b" top: "e" eltwise_param { %s } }'
    for options in ("coeff: 2 coeff: 3 coeff: -1", "operation: PROD", "operation: MAX"):
        judge(Case(net % options, {"a": values(2, 3), "b": values(2, 3, seed=1)}))


def test_other_shapes(judge):
    judge(Case('type: "Eltwise" eltwise_param { operation: MAX }', bottoms(2, (2, 3)), then=[bottoms(2, (4, 2, 2))]))


def test_refuses_bottoms_of_other_shapes(judge):
    judge.refused(Case('type: "Eltwise"', [values(2, 3), values(3, 2)]), match="they must agree")


def test_refuses_too_few_coefficients(judge):
    judge.refused(Case('type: "Eltwise" eltwise_param { coeff: 1 }', bottoms(2, (2,))), match="`coeff` 1 times")


def test_refuses_coefficients_of_a_product(judge):
    judge.refused(Case('type: "Eltwise" eltwise_param { operation: PROD coeff: 1 coeff: 1 }', bottoms(2, (2,))),
                  match="takes no coefficients")


@pytest.mark.parametrize("operation", ["PROD", "MAX"])
def test_refuses_one_bottom(judge, operation):
    judge.refused(Case(f'type: "Eltwise" eltwise_param {{ operation: {operation} }}', [values(2)]), match="at least 2")


@pytest.mark.parametrize(("text", "factor"), [("", 1), ("eltwise_param { coeff: 0.5 }", 0.5)])
def test_a_sum_of_one_bottom_as_flownets_fork_has_it(text, factor):
    found, = run_embedded(Case(f'type: "Eltwise" {text}', [values(2, 3)], top_diffs=[values(2, 3, seed=1)]))

    np.testing.assert_array_equal(found["top0.data"], np.float32(factor) * values(2, 3))
    np.testing.assert_array_equal(found["bottom0.diff"], np.float32(factor) * values(2, 3, seed=1))


def test_refuses_to_run_in_place():
    """Caffe runs it and computes wrong sums: it clears the top, which is its first bottom, before it adds."""
    with pytest.raises(InputError, match="runs in place"):
        run_embedded(Case('type: "Eltwise"', bottoms(2, (2,)), in_place=True))


GOLDEN = {
    "SUM": Case('type: "Eltwise" eltwise_param { coeff: 1 coeff: -1 coeff: 0.5 }', bottoms(3, (2, 3))),
    "PROD": Case('type: "Eltwise" eltwise_param { operation: PROD }', bottoms(3, (2, 3))),
    "PROD by division": Case('type: "Eltwise" eltwise_param { operation: PROD stable_prod_grad: false }',
                             bottoms(2, (2, 3))),
    "MAX": Case('type: "Eltwise" eltwise_param { operation: MAX }', bottoms(3, (2, 3))),
}
