"""What is computed value by value, in ONNX."""

from __future__ import annotations

import numpy as np
import pytest
from conformance import Case, examples, values
from hypothesis import given
from hypothesis import strategies as st
from onnx_judge import hold, refused

SHAPES = st.lists(st.integers(1, 4), min_size=1, max_size=5).map(tuple)
OPTIONS = {
    "AbsVal": [""], "BNLL": [""], "Sigmoid": [""], "TanH": [""],
    "Clip": ["clip_param { min: -1 max: 0.5 }", "clip_param { min: 1 max: -1 }"],
    "Dropout": ["", "dropout_param { dropout_ratio: 0.25 scale_train: false }"],
    "ELU": ["", "elu_param { alpha: 0.3 }", "elu_param { alpha: -2 }"],
    "Exp": ["", "exp_param { base: 2 scale: -0.5 shift: 1.5 }", "exp_param { scale: 0 shift: 2 }"],
    "Power": ["", "power_param { power: 2 scale: -3 shift: 0.5 }", "power_param { power: 3 }",
              "power_param { scale: 2 }", "power_param { shift: -1 }", "power_param { power: 0 shift: 2 }",
              "power_param { power: 2 scale: 0 shift: 3 }"],
    "ReLU": ["", "relu_param { negative_slope: 0.1 }", "relu_param { negative_slope: -2 }"],
    "Swish": ["", "swish_param { beta: -1.5 }"],
    "Threshold": ["", "threshold_param { threshold: 0.5 }"],
}
ABOVE_ZERO = {
    "Log": ["", "log_param { base: 2 }", "log_param { base: 0.5 scale: 3 shift: 0.25 }"],
    "Power": ["power_param { power: 0.5 }", "power_param { power: -1.5 scale: 2 shift: 1 }"],
}
EVERY = [(f'type: "{name}" {text}', low) for options, low in ((OPTIONS, -3), (ABOVE_ZERO, 0.1))
         for name, texts in options.items() for text in texts]


@pytest.mark.parametrize("text, low", EVERY)
def test_every_option(text, low):
    hold(Case(text, [values(2, 3, 2, low=low, high=3)]))


@examples(15)
@given(kind=st.sampled_from(EVERY), shape=SHAPES, in_place=st.booleans(), seed=st.integers(0, 1000))
def test_any_shape_in_place_or_not(kind, shape, in_place, seed):
    text, low = kind
    hold(Case(text, [values(*shape, low=low, high=3, seed=seed)], in_place=in_place and "AbsVal" not in text))


def test_bnll_neither_overflows_nor_loses_what_is_small():
    hold(Case('type: "BNLL"', [np.array([[-100, -20, 0, 20, 89, 1000]])]))
    hold(Case('type: "BNLL"', [np.array([[-12, -11, -10]])]))


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 4), (2, 3, 4, 5), (2, 3, 2, 1, 2), (1, 1, 1, 1)])
@pytest.mark.parametrize("option", ["", "channel_shared: true", "filler { value: 0 }"])
def test_slopes_of_channels(shape, option):
    hold(Case(f'type: "PReLU" prelu_param {{ {option} }}', [values(*shape)]))


def test_slopes_in_place():
    hold(Case('type: "PReLU"', [values(2, 3, 4, 5)], in_place=True))


def test_a_dropout_that_samples_at_test_time_is_refused():
    refused(Case('type: "Dropout" dropout_param { sample_weights_test: true }', [values(2, 3)]), "draws random numbers")
