"""InnerProduct against real Caffe."""

from __future__ import annotations

import pytest
from conformance import Case, examples, values
from hypothesis import given
from hypothesis import strategies as st

SUM = {"floor": 0.1, "reason": "a sum of terms up to 1 may nearly cancel, where a blob has few values"}


def inner_product(text: str, *shape: int, **others) -> Case:
    return Case(f'type: "InnerProduct" inner_product_param {{ {text} }}', [values(*shape)], **others)


@examples(40)
@given(shape=st.lists(st.integers(1, 5), min_size=1, max_size=5).map(tuple), outputs=st.integers(1, 6),
       transpose=st.sampled_from(["true", "false"]), bias=st.sampled_from(["true", "false"]), data=st.data())
def test_shapes_and_weights(judge, shape, outputs, transpose, bias, data):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    judge(inner_product(f"num_output: {outputs} axis: {axis} transpose: {transpose} bias_term: {bias}", *shape), **SUM)


def test_other_batches_later(judge):
    judge(inner_product("num_output: 3", 2, 3, 2, then=[[values(5, 3, 2)], [values(4, 6)]]))


def test_after_a_layer_that_stores_rows_first(judge):
    judge(Case("""
        layer { name: "conv" type: "Convolution" bottom: "x" top: "conv"
                convolution_param { num_output: 4 kernel_size: 9 } }
        layer { name: "ip" type: "InnerProduct" bottom: "conv" top: "ip" inner_product_param { num_output: 3 } }""",
               {"x": values(4, 1, 28, 28)}))


@pytest.mark.parametrize("text, match", [("", "`num_output` is 0"),
                                         ("num_output: 2 axis: 3", "axis 3 is out of range")])
def test_refusals(judge, text, match):
    judge.refused(inner_product(text, 2, 3, 4), match)


def test_refuses_rows_of_another_length(judge):
    judge.refused(inner_product("num_output: 3", 2, 3, then=[[values(2, 4)]]), "its bottom now has 4 values a row")


GOLDEN = {
    "default": inner_product("num_output: 3", 2, 2, 3),
    "transposed, no bias, axis 2": inner_product("num_output: 3 transpose: true bias_term: false axis: -1", 2, 2, 3),
}
