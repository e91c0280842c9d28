"""InnerProduct in ONNX."""

from __future__ import annotations

import pytest
from conformance import Case, examples, values
from hypothesis import given
from hypothesis import strategies as st
from onnx_judge import hold


@pytest.mark.parametrize("options, shape", [
    ("num_output: 3", (2, 4)),
    ("num_output: 3 bias_term: false", (2, 3, 2, 2)), ("num_output: 3 transpose: true", (2, 4)),
    ("num_output: 3 axis: 2", (2, 3, 4)), ("num_output: 3 axis: -1", (2, 3, 2, 2)),
    ("num_output: 3 normalize: true", (2, 3, 2)),
])
def test_rows_of_any_axes(options, shape):
    hold(Case(f'type: "InnerProduct" inner_product_param {{ {options} }}', [values(*shape)]))


@examples(12)
@given(shape=st.lists(st.integers(1, 4), min_size=2, max_size=5), transpose=st.sampled_from(["true", "false"]),
       bias=st.sampled_from(["true", "false"]), data=st.data())
def test_rows_from_any_axis_on(shape, transpose, bias, data):
    axis = data.draw(st.sampled_from([*range(1, len(shape)), *range(1 - len(shape), 0)]))
    hold(Case(f'type: "InnerProduct" inner_product_param {{ num_output: 2 axis: {axis} transpose: {transpose} '
              f'bias_term: {bias} }}', [values(*shape)]), floor=0.1, reason="sums of few values may nearly cancel")


def test_all_as_one_row_has_no_batch():
    hold(Case('type: "InnerProduct" inner_product_param { num_output: 3 axis: 0 }', [values(2, 3)]), dynamic=False)


def test_weights_of_a_second_bottom():
    hold(Case('type: "InnerProduct" inner_product_param { bias_term: false }', [values(2, 2, 3), values(4, 6, seed=1)]))


def test_the_axes_that_a_net_of_2015_has_behind():
    hold(Case('type: "InnerProduct" inner_product_param { num_output: 3 } reshape_param { shape { dim: 0 dim: 0 dim: 1 '
              'dim: 1 } }', [values(2, 4)]))
