"""RNN, LSTM and LSTMUnit in ONNX. Their first axis is the time steps, or 1, so none has a batch that can be dynamic."""

from __future__ import annotations

import numpy as np
import pytest
from conformance import Case, examples, values, whole_numbers
from hypothesis import given
from hypothesis import strategies as st
from onnx_judge import engine_run, hold, run_onnx

from cae_caffe.export.onnx import convert

STATES = {"RNN": 1, "LSTM": 2}


def recurrent(type_name, steps=3, streams=2, shape=(4,), static=(), exposed=False, units=3, cont=None) -> Case:
    cont = whole_numbers(steps, streams, below=2, seed=1) if cont is None else cont
    states = STATES[type_name] * exposed
    bottoms = [values(steps, streams, *shape), cont, *([values(streams, *static, seed=2)] if static else []),
               *(values(1, streams, units, seed=3 + i) for i in range(states))]
    return Case(f'type: "{type_name}" recurrent_param {{ num_output: {units} expose_hidden: {str(exposed).lower()} }}',
                bottoms, tops=1 + states)


@pytest.mark.parametrize("type_name", STATES)
@examples(8)
@given(steps=st.integers(1, 4), streams=st.integers(1, 3), shape=st.sampled_from([(1,), (4,), (2, 3), (2, 1, 2)]),
       static=st.sampled_from([(), (5,), (2, 2)]), exposed=st.booleans(), units=st.integers(1, 4))
def test_every_shape(type_name, steps, streams, shape, static, exposed, units):
    hold(recurrent(type_name, steps, streams, shape, static, exposed, units), dynamic=False)


@pytest.mark.parametrize("type_name", STATES)
def test_a_marker_is_a_factor(type_name):
    hold(recurrent(type_name, cont=np.array([[0.5, 1], [2, 0], [1, -0.25]])), dynamic=False)


@pytest.mark.parametrize("type_name", STATES)
def test_one_step_with_its_states(type_name):
    hold(recurrent(type_name, 1, exposed=True), dynamic=False)


@pytest.mark.parametrize("type_name", STATES)
def test_states_begin_at_zero_in_every_run(type_name):
    case = recurrent(type_name, cont=np.ones((3, 2)))
    net, bottoms, tops = engine_run(case)
    model = convert.to_onnx(net)

    found = {one.key: one.value for one in model.metadata_props}
    assert found["caffe.states"] == "begin at zero in every run, in layer"
    for _ in range(2):
        np.testing.assert_allclose(run_onnx(model, bottoms)["top0"], tops["top0"], atol=1e-6)


def test_exposed_states_carry_a_sequence_on():
    case = recurrent("LSTM", exposed=True, cont=np.ones((3, 2)))
    net, bottoms, _ = engine_run(case)
    model = convert.to_onnx(net)
    assert "caffe.states" not in {one.key for one in model.metadata_props}

    first = run_onnx(model, bottoms)
    second = run_onnx(model, {**bottoms, "bottom2": first["top1"], "bottom3": first["top2"]})
    twice = recurrent("LSTM", 6, exposed=True, cont=np.ones((6, 2)))
    wanted = engine_run(Case(twice.text, [np.concatenate([bottoms["bottom0"]] * 2), *twice.bottoms[1:]], tops=3))[2]
    np.testing.assert_allclose(np.concatenate([first["top0"], second["top0"]]), wanted["top0"], atol=1e-6)


@pytest.mark.parametrize("size", [0.1, 2, 300])
def test_lstm_unit(size):
    bottoms = [values(1, 3, 2), values(1, 3, 8, low=-size, high=size, seed=1), np.array([[0, 1, 0.5]])]
    hold(Case('type: "LSTMUnit"', bottoms, tops=2), dynamic=False)
