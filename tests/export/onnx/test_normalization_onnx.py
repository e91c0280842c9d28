"""Softmax, BatchNorm and MVN in ONNX."""

from __future__ import annotations

import numpy as np
import pytest
from conformance import Case, examples, values
from hypothesis import given
from hypothesis import strategies as st
from onnx_judge import engine_run, hold, run_onnx

from cae_caffe.export.onnx import convert

SHAPES = st.lists(st.integers(1, 4), min_size=1, max_size=5).map(tuple)
SEEDS = st.integers(0, 1000)
CANCELS = {"floor": 0.1, "reason": "a group of one or two values may be its own mean, up to rounding"}


@examples(12)
@given(shape=SHAPES, seed=SEEDS, data=st.data(), in_place=st.booleans())
def test_softmax_along_any_axis(shape, seed, data, in_place):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    hold(Case(f'type: "Softmax" softmax_param {{ axis: {axis} }}', [values(*shape, low=-5, high=5, seed=seed)],
              in_place=in_place))


def averages(channels: int, divisor: float) -> list[np.ndarray]:
    return [values(channels, seed=1), values(channels, low=0.1, seed=2), np.array([divisor], np.float32)]


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 2), (2, 3, 4, 5), (3, 2, 2, 3, 2), (1, 1, 2, 2)])
@pytest.mark.parametrize("divisor", [1, 999.98, 0])
def test_batch_norm_by_averages(shape, divisor):
    eps = "eps: 0.01" if divisor == 0 else ""
    hold(Case(f'type: "BatchNorm" batch_norm_param {{ {eps} }}', [values(*shape)], params=averages(shape[1], divisor)))


@pytest.mark.parametrize("shape", [(4, 3), (2, 3, 4, 5)])
@pytest.mark.parametrize("fold", [False, True])
def test_averages_far_from_zero_lose_no_digits(shape, fold):
    """A mean of 5000 against a deviation of 0.03: only what is left when it is taken off first has digits."""
    text = ('layer { name: "bn" type: "BatchNorm" bottom: "x" top: "y" }\n'
            'layer { name: "scale" type: "Scale" bottom: "y" top: "z" scale_param { bias_term: true } }')
    means, behind = np.array([1000, 5000, -3000], np.float32), [1] * (len(shape) - 2)
    params = {"bn": [means, np.array([1e-2, 1e-3, 1e-4], np.float32), np.ones(1, np.float32)],
              "scale": [values(3), values(3, seed=5)]}
    x = values(*shape, low=-0.1, high=0.1) + means.reshape(-1, *behind)
    case = Case(text, {"x": x}, params=params, phase="TEST", backward=False)
    net, bottoms, tops = engine_run(case)
    model = convert.to_onnx(net, fold=fold)
    assert "BatchNormalization" not in {node.op_type for node in model.graph.node}
    np.testing.assert_allclose(run_onnx(model, bottoms)["z"], tops["z"], atol=1e-5 * np.abs(tops["z"]).max(), rtol=0)


@pytest.mark.parametrize("shape", [(4, 3), (3, 3, 2), (2, 3, 4, 5), (3, 2, 2, 3, 2)])
def test_batch_norm_by_the_batch_itself(shape):
    hold(Case('type: "BatchNorm" batch_norm_param { use_global_stats: false eps: 0.001 }', [values(*shape)],
              params=averages(shape[1], 1)))


def test_batch_norm_in_place_before_a_scale():
    text = ('layer { name: "bn" type: "BatchNorm" bottom: "x" top: "x" }\n'
            'layer { name: "scale" type: "Scale" bottom: "x" top: "x" scale_param { bias_term: true } }')
    case = Case(text, {"x": values(2, 3, 4, 4)}, params={"bn": averages(3, 2), "scale": [values(3), values(3, seed=5)]})
    hold(case)
    model = convert.to_onnx(engine_run(case)[0])
    assert [node.op_type for node in model.graph.node] == ["BatchNormalization", "Mul", "Add"]


@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (1, 1, 1, 4), (2, 3, 4), (2, 3), (4,)])
@pytest.mark.parametrize("options", ["", "across_channels: true", "normalize_variance: false", "eps: 0.5",
                                     "across_channels: true normalize_variance: false"])
def test_mvn_of_up_to_four_axes(shape, options):
    hold(Case(f'type: "MVN" mvn_param {{ {options} }}', [values(*shape)]), **CANCELS)


def test_mvn_in_place_gives_what_it_is_given_four_axes():
    hold(Case('layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 4 } }\n'
              'layer { name: "norm" type: "MVN" bottom: "y" top: "y" mvn_param { across_channels: true } }',
              {"x": values(2, 3)}, params={"ip": [values(4, 3), values(4)]}))


def test_mvn_of_a_single_number():
    hold(Case('type: "MVN"', [values()]), dynamic=False)
