"""Sigmoid, TanH and ReLU against real Caffe."""

from __future__ import annotations

import numpy as np
import pytest
from conformance import Case, examples, values
from hypothesis import given
from hypothesis import strategies as st

SHAPES = st.lists(st.integers(1, 5), min_size=0, max_size=5).map(tuple)


@examples(20)
@given(type_name=st.sampled_from(["Sigmoid", "TanH", "ReLU"]), shape=SHAPES, in_place=st.booleans())
def test_values_of_any_shape(judge, type_name, shape, in_place):
    judge(Case(f'type: "{type_name}"', [values(*shape)], in_place=in_place))


@pytest.mark.parametrize("type_name", ["Sigmoid", "TanH", "ReLU"])
def test_extreme_values(judge, type_name):
    # Without minus infinity, of which Caffe's ReLU makes 0 times infinity, not a number.
    extreme = np.array([0.5, 0, -0.0, 5, -5, 30, -30, 90, -90, 1e30, -1e30, np.inf], np.float32)
    judge(Case(f'type: "{type_name}"', [extreme]))


@examples(20)
@given(slope=st.floats(-2, 2, width=32), in_place=st.booleans())
def test_relu_with_slope(judge, slope, in_place):
    judge(Case(f'type: "ReLU" relu_param {{ negative_slope: {slope} }}', [values(2, 3, 4, 5)], in_place=in_place))


GOLDEN = {name: Case(f'type: "{name}"', [values(2, 3, 2)]) for name in ("Sigmoid", "TanH", "ReLU")}
GOLDEN["ReLU with slope, in place"] = Case('type: "ReLU" relu_param { negative_slope: 0.1 }', [values(2, 3)],
                                           in_place=True)
