"""Embed, BatchReindex, Filter and ArgMax in ONNX: row numbers, read and written."""

from __future__ import annotations

import numpy as np
import pytest
from conformance import Case, distinct, examples, values, whole_numbers
from hypothesis import given
from hypothesis import strategies as st
from onnx_judge import engine_run, hold, run_onnx

from cae_caffe.export.onnx import convert

SEEDS = st.integers(0, 1000)


@pytest.mark.parametrize("shape", [(4,), (2, 3), (2, 1, 3)])
@pytest.mark.parametrize("bias", ["", "bias_term: false"])
def test_embed(shape, bias):
    hold(Case(f'type: "Embed" embed_param {{ input_dim: 5 num_output: 3 {bias} }}', [whole_numbers(*shape, below=5)]))


def test_row_numbers_are_exact_in_float16():
    case = Case('type: "Embed" embed_param { input_dim: 4000 num_output: 2 }', [np.array([2049, 3999])], phase="TEST",
                backward=False)
    net, bottoms, tops = engine_run(case)
    found = run_onnx(convert.to_onnx(net, fp16=True), bottoms)["top0"]
    np.testing.assert_allclose(found, tops["top0"], atol=1e-3)


@pytest.mark.parametrize("shape", [(3,), (3, 2), (4, 2, 3)])
def test_batch_reindex(shape):
    hold(Case('type: "BatchReindex"', [values(*shape), np.array([2, 0.5, 2.9, 1, 0])]))


@pytest.mark.parametrize("selector", [(1, 0, -0.5), (0, 0, 0), (1, 1, 1)])
@pytest.mark.parametrize("axes", [0, 2])
def test_filter(selector, axes):
    shaped = np.reshape(selector, (-1,) + (1,) * axes)
    hold(Case('type: "Filter"', [values(3, 2), values(3, 2, 4), shaped], tops=2),
         opencv=None if any(selector) else "an array of no values comes back without its shape")


def test_layers_behind_a_filter_take_any_number_of_rows():
    net = ('layer { name: "some" type: "Filter" bottom: "x" bottom: "s" top: "y" }\n'
           'layer { name: "flat" type: "Flatten" bottom: "y" top: "f" }\n'
           'layer { name: "shape" type: "Reshape" bottom: "f" top: "r" '
           'reshape_param { shape { dim: 0 dim: 2 dim: 4 } } }\n'
           'layer { name: "ip" type: "InnerProduct" bottom: "r" top: "z" '
           'inner_product_param { num_output: 5 axis: 2 } }')
    hold(Case(net, {"x": values(3, 2, 4), "s": np.array([1, 0, 1])}))


def test_the_axes_of_what_is_filtered_are_known():
    case = Case('type: "Filter"', [values(3, 2, 4), np.ones(3)], phase="TEST", backward=False)
    model = convert.to_onnx(engine_run(case)[0])
    assert len(model.graph.output[0].type.tensor_type.shape.dim) == 3


@examples(15)
@given(shape=st.lists(st.integers(1, 4), min_size=1, max_size=5), seed=SEEDS, show=st.sampled_from(["true", "false"]),
       data=st.data())
def test_argmax(shape, seed, show, data):
    axis = data.draw(st.sampled_from([None, *range(-len(shape), len(shape))]))
    choices = int(np.prod(shape[1:])) if axis is None else shape[axis]
    number = data.draw(st.integers(1, choices))
    option = "" if axis is None else f"axis: {axis}"
    hold(Case(f'type: "ArgMax" argmax_param {{ top_k: {number} out_max_val: {show} {option} }}',
              [distinct(*shape, seed=seed)]))


@pytest.mark.parametrize("text", ["", "top_k: 3", "top_k: 2 out_max_val: true", "axis: 1", "axis: 1 top_k: 2"])
def test_of_equal_values_the_last_comes_first(text):
    hold(Case(f'type: "ArgMax" argmax_param {{ {text} }}', [np.round(values(2, 4, 3, low=-2, high=2))]))
