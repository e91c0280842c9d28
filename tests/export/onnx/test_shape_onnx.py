"""Reshape, Flatten, Parameter and DummyData in ONNX."""

from __future__ import annotations

import pytest
from conformance import Case, examples, values
from hypothesis import given
from hypothesis import strategies as st
from onnx_judge import engine_run, hold

from cae_caffe.export.onnx import convert


@pytest.mark.parametrize("text, shape", [
    ("shape { dim: 0 dim: -1 }", (2, 3, 4)), ("shape { dim: -1 }", (2, 3)),
    ("shape { dim: 0 dim: 6 dim: 2 }", (2, 3, 4)), ("shape { dim: -1 dim: 0 dim: 2 dim: 2 }", (2, 3, 4)),
    ("axis: 1 num_axes: 1 shape { dim: 2 dim: -1 }", (2, 4, 3)),
    ("axis: 1 num_axes: 2 shape { dim: -1 }", (2, 3, 4, 5)), ("axis: -1 shape { dim: 1 dim: 1 }", (2, 3)),
    ("axis: 1 num_axes: 0 shape { dim: 1 }", (2, 3, 4)), ("axis: -3 num_axes: 1 shape { dim: 1 dim: 0 }", (2, 3, 3)),
    ("axis: 0 num_axes: 1 shape { dim: 1 dim: -1 }", (2, 3)), ("shape { dim: 4 dim: -1 }", (2, 4)),
    ("shape { dim: 3 dim: 0 dim: -1 }", (2, 2, 6)),
])
def test_reshape_by_each_of_caffes_rules(text, shape):
    hold(Case(f'type: "Reshape" reshape_param {{ {text} }}', [values(*shape)]))


def test_a_reshape_to_fixed_lengths_has_no_other_batch():
    hold(Case('type: "Reshape" reshape_param { shape { dim: 3 dim: 4 } }', [values(4, 3)]), dynamic=False)


def test_a_batch_moved_and_moved_back():
    net = ('layer { name: "one" type: "Reshape" bottom: "x" top: "a" '
           'reshape_param { shape { dim: 1 dim: -1 dim: 4 } } }\n'
           'layer { name: "relu" type: "ReLU" bottom: "a" top: "a" }\n'
           'layer { name: "sum" type: "Reduction" bottom: "a" top: "s" reduction_param { axis: 2 } }\n'
           'layer { name: "two" type: "Reshape" bottom: "a" top: "b" '
           'reshape_param { shape { dim: -1 dim: 3 dim: 4 } } }')
    hold(Case(net, {"x": values(2, 3, 4)}))


@examples(12)
@given(shape=st.lists(st.integers(1, 4), min_size=1, max_size=5), data=st.data())
def test_flatten(shape, data):
    first = data.draw(st.integers(0, len(shape) - 1))
    last = data.draw(st.integers(max(first - 1, 0), len(shape) - 1))
    ends = f"axis: {first - data.draw(st.sampled_from([0, len(shape)]))} end_axis: {last}"
    hold(Case(f'type: "Flatten" flatten_param {{ {ends} }}', [values(*shape)]))


def test_a_shape_that_stays_needs_no_operator():
    case = Case('layer { name: "flat" type: "Flatten" bottom: "x" top: "f" }\n'
                'layer { name: "relu" type: "ReLU" bottom: "f" top: "y" }', {"x": values(2, 3)})
    hold(case)
    assert [node.op_type for node in convert.to_onnx(engine_run(case)[0]).graph.node] == ["Relu"]


def test_values_of_a_parameter():
    hold(Case('layer { name: "own" type: "Parameter" top: "w" parameter_param { shape { dim: 3 dim: 4 } } }\n'
              'layer { name: "ip" type: "InnerProduct" bottom: "x" bottom: "w" top: "y" '
              'inner_product_param { bias_term: false } }', {"x": values(2, 4)}))


def test_constants_of_dummy_data():
    hold(Case('layer { name: "dummy" type: "DummyData" top: "a" top: "b" dummy_data_param { shape { dim: 3 } '
              'shape { dim: 1 } data_filler { value: 0.5 } data_filler { } } }\n'
              'layer { name: "scale" type: "Scale" bottom: "x" bottom: "a" top: "y" }', {"x": values(2, 3, 2)}))


def test_random_dummy_data_are_an_input():
    case = Case('layer { name: "dummy" type: "DummyData" top: "x" dummy_data_param { shape { dim: 2 } '
                'data_filler { type: "gaussian" } } }\n'
                'layer { name: "abs" type: "AbsVal" bottom: "x" top: "y" }', {}, phase="TEST", backward=False)
    assert [one.name for one in convert.to_onnx(engine_run(case)[0]).graph.input] == ["x"]
