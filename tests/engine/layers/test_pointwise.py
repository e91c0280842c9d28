"""AbsVal, BNLL, Clip, ELU, Exp, Log, Power, Swish, Threshold, Dropout: layers that act on each value alone."""

from __future__ import annotations

import numpy as np
import pytest
from conformance import Case, examples, values
from hypothesis import given
from hypothesis import strategies as st

SHAPES = st.lists(st.integers(1, 5), min_size=0, max_size=5).map(tuple)
NUMBERS = st.floats(-2, 2, width=32)
SEEDS = st.integers(0, 1000)


@examples(25)
@given(kind=st.sampled_from(["BNLL", "ELU", "Swish", "Sigmoid", "TanH"]), shape=SHAPES, seed=SEEDS,
       reach=st.sampled_from([1, 10, 100]), in_place=st.booleans())
def test_activations(judge, kind, shape, seed, reach, in_place):
    x = values(*shape, low=-reach, high=reach, seed=seed)
    x.flat[0] = 1       # a value to measure by: Caffe's BNLL of a large negative number alone is 0, ours the tiny truth
    judge(Case(f'type: "{kind}"', [x], in_place=in_place))


@examples(10)
@given(shape=SHAPES, seed=SEEDS)
def test_absval(judge, shape, seed):
    x = values(*shape, seed=seed)
    x.flat[0] = 0
    judge(Case('type: "AbsVal"', [x]))


def test_absval_refuses_to_run_in_place(judge):
    judge.refused(Case('type: "AbsVal"', [values(2, 3)], in_place=True), match="in place")


@examples(20)
@given(bounds=st.tuples(NUMBERS, NUMBERS), shape=SHAPES, seed=SEEDS, in_place=st.booleans())
def test_clip(judge, bounds, shape, seed, in_place):
    judge(Case(f'type: "Clip" clip_param {{ min: {bounds[0]} max: {bounds[1]} }}',
               [values(*shape, low=-2, high=2, seed=seed)], in_place=in_place))


@examples(20)
@given(alpha=NUMBERS, shape=SHAPES, seed=SEEDS, in_place=st.booleans())
def test_elu(judge, alpha, shape, seed, in_place):
    judge(Case(f'type: "ELU" elu_param {{ alpha: {alpha} }}', [values(*shape, seed=seed)], in_place=in_place))


@examples(20)
@given(beta=NUMBERS, shape=SHAPES, seed=SEEDS, in_place=st.booleans())
def test_swish(judge, beta, shape, seed, in_place):
    judge(Case(f'type: "Swish" swish_param {{ beta: {beta} }}', [values(*shape, seed=seed)], in_place=in_place))


BASES = st.sampled_from([-1, 0.5, 2, 2.5, 10])


@examples(30)
@given(base=BASES, scale=NUMBERS, shift=NUMBERS, shape=SHAPES, seed=SEEDS, in_place=st.booleans())
def test_exp(judge, base, scale, shift, shape, seed, in_place):
    judge(Case(f'type: "Exp" exp_param {{ base: {base} scale: {scale} shift: {shift} }}', [values(*shape, seed=seed)],
               in_place=in_place))


@examples(30)
@given(base=BASES, scale=st.sampled_from([1, 0.5, 3]), shift=st.sampled_from([0, 0.25, 2]), shape=SHAPES, seed=SEEDS)
def test_log(judge, base, scale, shift, shape, seed):
    judge(Case(f'type: "Log" log_param {{ base: {base} scale: {scale} shift: {shift} }}',
               [values(*shape, low=0.1, high=3, seed=seed)]))


@pytest.mark.parametrize("in_place", [False, True])
def test_log_of_a_constant(judge, in_place):
    judge(Case('type: "Log" log_param { scale: 0 }', [values(2, 3, low=1, high=2)], in_place=in_place))


@pytest.mark.parametrize("kind", ["Exp", "Log"])
@pytest.mark.parametrize("base", [0, -2])
def test_exp_and_log_refuse_bases_without_logarithm(judge, kind, base):
    judge.refused(Case(f'type: "{kind}" {kind.lower()}_param {{ base: {base} }}', [values(2)]), match="`base`")


def test_log_refuses_base_1(judge):
    judge.refused(Case('type: "Log" log_param { base: 1 }', [values(2, low=1, high=2)]), match="`base` is 1")


@examples(40)
@given(power=st.sampled_from([0, 1, 2, 3, 0.5, -1, 1.7]), scale=st.sampled_from([0, 1, 0.5, 2]),
       shift=st.sampled_from([0, 1, 2.5]), shape=SHAPES, seed=SEEDS)
def test_power(judge, power, scale, shift, shape, seed):
    judge(Case(f'type: "Power" power_param {{ power: {power} scale: {scale} shift: {shift} }}',
               [values(*shape, low=0.1, high=2, seed=seed)]))


@pytest.mark.parametrize("power", [0, 1, 2, 3, 0.5, -1])
@pytest.mark.parametrize("shift", [0, 1])
def test_power_at_zero_and_below(judge, power, shift):
    x = np.array([0, -1, -0.5, 2], np.float32)
    judge(Case(f'type: "Power" power_param {{ power: {power} shift: {shift} }}', [x]))


@pytest.mark.parametrize("text", [
    'type: "Log"', 'type: "Power" power_param { power: 3 }', 'type: "Power" power_param { power: 2 shift: 1 }',
    'type: "Power" power_param { power: 0.5 scale: 2 }', 'type: "Power" power_param { scale: 3 }', 'type: "BNLL"'])
def test_in_place_gradients_are_caffes(judge, text):
    judge(Case(text, [values(3, 4, low=0.5, high=2)], in_place=True))


@examples(15)
@given(threshold=NUMBERS, shape=SHAPES, seed=SEEDS, in_place=st.booleans())
def test_threshold(judge, threshold, shape, seed, in_place):
    x = values(*shape, low=-2, high=2, seed=seed)
    x.flat[0] = threshold
    judge(Case(f'type: "Threshold" threshold_param {{ threshold: {threshold} }}', [x], in_place=in_place,
               backward=False))


def test_threshold_refuses_the_backward_pass(judge):
    judge.refused(Case('type: "Threshold"', [values(2)]), match="no gradient for its bottom `bottom0`")


@examples(30)
@given(ratio=st.sampled_from([0, 0.1, 0.3, 0.5, 0.75, 0.99]), shape=SHAPES, seed=SEEDS, in_place=st.booleans(),
       phase=st.sampled_from(["TRAIN", "TEST"]))
def test_dropout(judge, ratio, shape, seed, in_place, phase):
    judge(Case(f'type: "Dropout" dropout_param {{ dropout_ratio: {ratio} }}', [values(*shape)], seed=seed, phase=phase,
               in_place=in_place, passes=2))


def test_dropout_draws_after_the_fillers_and_per_layer(judge):
    net = """
        layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
                inner_product_param { num_output: 5 weight_filler { type: "gaussian" } } }
        layer { name: "a" type: "Dropout" bottom: "ip" top: "a" }
        layer { name: "b" type: "Dropout" bottom: "a" top: "a" dropout_param { dropout_ratio: 0.25 } }"""
    judge(Case(net, {"data": values(4, 3)}, params="filled", passes=3))


@pytest.mark.parametrize("ratio", [-0.5, 1.5])
def test_dropout_refuses_impossible_ratios(judge, ratio):
    case = Case(f'type: "Dropout" dropout_param {{ dropout_ratio: {ratio} }}', [values(2)])
    judge.refused(case, match="`dropout_ratio`")


GOLDEN = {
    "AbsVal": Case('type: "AbsVal"', [values(2, 3)]),
    "BNLL": Case('type: "BNLL"', [values(2, 3, low=-60, high=60)]),
    "Clip": Case('type: "Clip" clip_param { min: -0.5 max: 0.25 }', [values(2, 3)]),
    "ELU": Case('type: "ELU" elu_param { alpha: 0.5 }', [values(2, 3)], in_place=True),
    "Exp": Case('type: "Exp" exp_param { base: 2 scale: 3 shift: 0.5 }', [values(2, 3)]),
    "Log": Case('type: "Log" log_param { base: 10 scale: 2 shift: 1 }', [values(2, 3, low=0)]),
    "Power": Case('type: "Power" power_param { power: 1.5 scale: 2 shift: 3 }', [values(2, 3)]),
    "square": Case('type: "Power" power_param { power: 2 }', [values(2, 3)]),
    "Swish": Case('type: "Swish" swish_param { beta: 2 }', [values(2, 3)]),
    "Threshold": Case('type: "Threshold" threshold_param { threshold: 0.1 }', [values(2, 3)], backward=False),
    "Dropout": Case('type: "Dropout" dropout_param { dropout_ratio: 0.4 }', [values(3, 4)], passes=2),
    "Dropout in phase TEST": Case('type: "Dropout"', [values(3, 4)], phase="TEST", in_place=True),
}
