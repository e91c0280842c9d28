"""Reduction and ArgMax: sums over the last axes, and the places of the largest values."""

from __future__ import annotations

import numpy as np
import pytest
from conformance import Case, examples, run_embedded, values
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe.errors import InputError

SHAPES = st.lists(st.integers(1, 5), min_size=1, max_size=5).map(tuple)
SEEDS = st.integers(0, 1000)


@examples(40)
@given(operation=st.sampled_from(["SUM", "ASUM", "SUMSQ", "MEAN"]), coefficient=st.sampled_from([1, -0.5, 3, 0]),
       shape=SHAPES, data=st.data(), seed=SEEDS)
def test_reduction(judge, operation, coefficient, shape, data, seed):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    x = values(*shape, low=0.1, high=1, seed=seed)      # of one sign: a sum near zero is rounding alone
    judge(Case(f'type: "Reduction" reduction_param {{ operation: {operation} axis: {axis} coeff: {coefficient} }}',
               [x]))


@pytest.mark.parametrize("operation", ["SUM", "ASUM", "SUMSQ", "MEAN"])
def test_reduction_of_both_signs_and_zero(judge, operation):
    x = np.array([[1, -2, 0, 3.5], [0, 0, -1, -4]], np.float32)
    judge(Case(f'type: "Reduction" reduction_param {{ operation: {operation} axis: 1 }}', [x]))


def test_reduction_as_a_loss(judge):
    judge(Case('type: "Reduction" reduction_param { operation: SUMSQ coeff: 0.5 } loss_weight: 2', [values(3, 4)]))


def test_reduction_of_other_shapes(judge):
    judge(Case('type: "Reduction" reduction_param { operation: MEAN axis: 1 }', [values(2, 3, low=0)],
               then=[[values(4, 7, low=0)]]))


def test_reduction_refuses_an_axis_the_bottom_has_not(judge):
    judge.refused(Case('type: "Reduction" reduction_param { axis: 2 }', [values(2, 3)]), match="out of range")


@examples(50)
@given(shape=SHAPES, by_axis=st.booleans(), show=st.sampled_from(["true", "false"]), data=st.data(), seed=SEEDS)
def test_argmax_with_equal_values(judge, shape, by_axis, show, data, seed):
    axis = data.draw(st.integers(0, len(shape) - 1)) if by_axis else None
    choices = int(np.prod(shape[1:])) if axis is None else shape[axis]
    number = data.draw(st.integers(1, choices))
    option = "" if axis is None else f"axis: {axis - len(shape) * data.draw(st.booleans())}"
    judge(Case(f'type: "ArgMax" argmax_param {{ top_k: {number} out_max_val: {show} {option} }}',
               [np.round(values(*shape, low=-3, high=3, seed=seed))], backward=False))


@pytest.mark.parametrize("options", ["top_k: 0", "top_k: 7", "axis: 1 top_k: 4", "axis: 1 top_k: 0"])
def test_argmax_refuses_more_than_there_are(judge, options):
    judge.refused(Case(f'type: "ArgMax" argmax_param {{ {options} }}', [values(2, 3, 2)], backward=False),
                  match="`top_k`")


def test_argmax_refuses_a_single_number(judge):
    judge.refused(Case('type: "ArgMax"', [values()], backward=False), match="it needs one axis or more")


def test_argmax_refuses_the_backward_pass(judge):
    judge.refused(Case('type: "ArgMax"', [values(2, 3)]), match="no gradient for its bottom `bottom0`")


@pytest.mark.parametrize("kind", ["Reduction", "ArgMax"])
def test_refuses_to_run_in_place(kind):
    with pytest.raises(InputError, match="runs in place"):
        run_embedded(Case(f'type: "{kind}"', [values(2, 3)], in_place=True))


GOLDEN = {
    "SUM": Case('type: "Reduction"', [values(2, 3)]),
    "MEAN": Case('type: "Reduction" reduction_param { operation: MEAN axis: -1 coeff: 2 }', [values(2, 3)]),
    "ASUM": Case('type: "Reduction" reduction_param { operation: ASUM axis: 1 }', [values(2, 3, 2)]),
    "SUMSQ": Case('type: "Reduction" reduction_param { operation: SUMSQ axis: 1 }', [values(2, 3, 2)]),
    "ArgMax": Case('type: "ArgMax" argmax_param { top_k: 2 out_max_val: true }',
                   [np.round(values(2, 3, 2, low=-3, high=3))], backward=False),
    "ArgMax along an axis": Case('type: "ArgMax" argmax_param { axis: 1 top_k: 2 }',
                                 [np.round(values(2, 3, 2, low=-3, high=3))], backward=False),
}
