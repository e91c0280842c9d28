"""Scale, Bias, Eltwise and Reduction in ONNX."""

from __future__ import annotations

import pytest
from conformance import Case, examples, values
from hypothesis import given
from hypothesis import strategies as st
from onnx_judge import engine_run, hold, refused

from cae_caffe.export.onnx import convert

SEEDS = st.integers(0, 1000)
SHAPES = st.lists(st.integers(1, 4), min_size=1, max_size=5).map(tuple)
CANCELS = {"floor": 0.1, "reason": "sums of few values may nearly cancel"}


@pytest.mark.parametrize("text", [
    "", "axis: 1 num_axes: 2", "axis: -1", "axis: 1 num_axes: -1", "axis: 2", "num_axes: 0", "axis: 0 num_axes: 0",
])
def test_learned_factors_and_terms(text):
    x = [values(2, 3, 4, 2)]
    hold(Case(f'type: "Bias" bias_param {{ {text} }}', x))
    hold(Case(f'type: "Scale" scale_param {{ {text} }}', x, in_place=True))
    hold(Case(f'type: "Scale" scale_param {{ {text} bias_term: true }}', x))


@pytest.mark.parametrize("text", ["axis: 0", "axis: 0 num_axes: 2", "axis: 0 num_axes: -1"])
def test_what_is_learned_for_each_row_has_no_other_batch(text):
    hold(Case(f'type: "Scale" scale_param {{ {text} bias_term: true }}', [values(2, 3, 4)]), dynamic=False)


@examples(12)
@given(shape=SHAPES, seed=SEEDS, data=st.data(), kind=st.sampled_from(["Scale", "Bias"]))
def test_factors_and_terms_of_a_second_bottom(shape, seed, data, kind):
    first = data.draw(st.integers(0, len(shape) - 1))
    last = data.draw(st.integers(first, len(shape)))
    more = "bias_term: true" if kind == "Scale" and first > 0 and data.draw(st.booleans()) else ""
    bottoms = [values(*shape, seed=seed), values(*shape[first:last], seed=seed + 1)]
    alike = [array for array in bottoms[1:] if first > 0 and array.shape[:1] == shape[:1]]
    hold(Case(f'type: "{kind}" {kind.lower()}_param {{ axis: {first} {more} }}', bottoms), dynamic=not alike, **CANCELS)


@pytest.mark.parametrize("bounds", ["min_value: 0.2", "max_value: 0.1", "min_value: -0.5 max_value: 0.5"])
def test_factors_within_bounds(bounds):
    x, factor = values(2, 3, 4), values(2, seed=1)
    hold(Case(f'type: "Scale" scale_param {{ {bounds} }}', [x]))
    hold(Case(f'type: "Scale" scale_param {{ {bounds} axis: 0 }}', [x, factor]))


def test_bounds_that_others_see_are_refused():
    net = ('layer { name: "one" type: "Scale" bottom: "x" bottom: "a" top: "y" scale_param { axis: 0 min_value: 0 } }\n'
           'layer { name: "two" type: "ReLU" bottom: "a" top: "b" }')
    refused(Case(net, {"x": values(2, 3), "a": values(2)}), "`min_value` and `max_value` change its second bottom")


@pytest.mark.parametrize("text, number", [
    ("", 2), ("", 4), ("coeff: 1 coeff: -1", 2), ("coeff: 0.5 coeff: 0 coeff: -2", 3), ("coeff: 0 coeff: 0", 2),
    ("coeff: 3", 1), ("", 1), ("operation: PROD", 2), ("operation: PROD stable_prod_grad: false", 3),
    ("operation: MAX", 2), ("operation: MAX", 4), ("operation: STOCHASTIC_SUM coeff: 0.5 coeff: 0.25", 2),
])
def test_eltwise(text, number):
    hold(Case(f'type: "Eltwise" eltwise_param {{ {text} }}', [values(2, 3, 2, seed=i) for i in range(number)]))


def test_a_difference_is_one_operator():
    case = Case('type: "Eltwise" eltwise_param { coeff: 1 coeff: -1 }', [values(2, 3), values(2, 3, seed=1)],
                phase="TEST", backward=False)
    assert [node.op_type for node in convert.to_onnx(engine_run(case)[0]).graph.node] == ["Sub"]


@examples(15)
@given(shape=SHAPES, seed=SEEDS, operation=st.sampled_from(["SUM", "MEAN", "ASUM", "SUMSQ"]),
       coefficient=st.sampled_from([1, 2, -0.5, 0]), data=st.data())
def test_reductions(shape, seed, operation, coefficient, data):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    hold(Case(f'type: "Reduction" reduction_param {{ operation: {operation} axis: {axis} coeff: {coefficient} }}',
              [values(*shape, seed=seed)]), **CANCELS)
