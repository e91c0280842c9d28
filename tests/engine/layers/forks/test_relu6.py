"""MobileNet-YOLO's ReLU6: Caffe 1.0's ReLU and a Clip behind it compute the same."""

from __future__ import annotations

import numpy as np
import opencv_judge
import pytest
from conformance import Case, examples, run_embedded, values
from fork_judge import hold, hold_against_caffe
from fork_references.relu6 import relu6 as reference
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe import schema

ODD = np.array([0, -0.0, 1, -1, 5.999999, 6, 6.000001, 7, -7, np.inf, -np.inf, np.nan], np.float32)


def relu_and_clip(slope: float, bottom: np.ndarray) -> Case:
    return Case(f"""
        layer {{ name: "relu" type: "ReLU" bottom: "bottom0" top: "relu" relu_param {{ negative_slope: {slope} }} }}
        layer {{ name: "clip" type: "Clip" bottom: "relu" top: "top0" clip_param {{ min: -1000 max: 6 }} }}
        """, [bottom])


def relu6(slope: float, bottom: np.ndarray, **further) -> Case:
    return Case(f'type: "ReLU6" relu6_param {{ negative_slope: {slope} }}', [bottom], **further)


@examples(30)
@given(shape=st.lists(st.integers(1, 5), min_size=1, max_size=4), slope=st.sampled_from([0, 0.25, 2, -0.5]),
       seed=st.integers(0, 99))
def test_relu6_is_relu_and_clip(judge, shape, slope, seed):
    bottom = values(*shape, low=-9, high=12, seed=seed)

    hold_against_caffe(judge, relu6(slope, bottom), relu_and_clip(slope, bottom))


@pytest.mark.parametrize("slope", [0, 0.25, -0.75])
def test_the_formula_and_its_derivative(slope):
    hold(relu6(slope, values(4, 30, low=-9, high=12)),
         lambda bottoms, params: [reference(bottoms[0], negative_slope=slope)])


@pytest.mark.parametrize("slope", [0, 0.25, -0.75])
def test_in_place(slope):
    bottom = values(3, 50, low=-9, high=12)
    apart, = run_embedded(relu6(slope, bottom, top_diffs=[values(3, 50, seed=1)]))

    found, = run_embedded(Case(f"""
        layer {{ name: "power" type: "Power" bottom: "bottom0" top: "y" }}
        layer {{ name: "relu6" type: "ReLU6" bottom: "y" top: "y" relu6_param {{ negative_slope: {slope} }} }}
        """, [bottom], top_diffs={"y": values(3, 50, seed=1)}))

    assert np.array_equal(found["y.data"], apart["top0.data"])
    assert np.array_equal(found["bottom0.diff"], apart["bottom0.diff"])


def test_there_is_no_gradient_at_6_and_above():
    """As the fork has it; Clip lets one pass at its bound."""
    found, = run_embedded(relu6(0, ODD, top_diffs=[np.ones_like(ODD)]))

    np.testing.assert_array_equal(found["top0.data"], [0, 0, 1, 0, ODD[4], 6, 6, 6, 0, 6, np.nan, np.nan])
    np.testing.assert_array_equal(found["bottom0.diff"], [0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0])


OPENCV = {"plain": Case('type: "ReLU6"', [values(2, 3, 4, 5, low=-9, high=12)])}


def test_opencv_computes_the_same():
    opencv_judge.hold("relu6", "plain", OPENCV["plain"])


def test_layers_of_2014_may_have_it():
    old = schema.parse_net('layers { name: "r" type: RELU6 bottom: "x" top: "y" relu6_param { negative_slope: 0.5 } }')

    schema.upgrade_net(old)

    assert old.layer[0].type == "ReLU6"
    assert old.layer[0].relu6_param.negative_slope == 0.5
