"""RNN and LSTM against real Caffe: hidden states from batch to batch, static inputs, exposed states, shared weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from conformance import Case, examples, values, whole_numbers
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe.engine import torch_private
from cae_caffe.engine.solvers.packing import pack

TYPES = ["RNN", "LSTM"]
STATES = {"RNN": 1, "LSTM": 2}
GOES_ON = {"floor": 0.1, "reason": "slopes of few values may nearly cancel"}


def layer(type_name: str, text: str = "", units: int = 3) -> str:
    return (f'type: "{type_name}" recurrent_param {{ num_output: {units} '
            f'weight_filler {{ type: "gaussian" std: 0.5 }} bias_filler {{ type: "uniform" min: -1 }} {text} }}')


def bottoms(steps: int, streams: int, shape=(4,), static=(), states=0, units=3, seed=0, cont=None) -> list[np.ndarray]:
    cont = whole_numbers(steps, streams, below=2, seed=seed + 1) if cont is None else cont
    arrays = [values(steps, streams, *shape, seed=seed), cont]
    arrays += [values(streams, *static, seed=seed + 2)] if static else []
    return arrays + [values(1, streams, units, seed=seed + 3 + i) for i in range(states)]


def recurrent(type_name: str, *arguments, static=(), exposed=False, units=3, then=(), more="", **others) -> Case:
    states = STATES[type_name] * exposed
    text = layer(type_name, f"expose_hidden: {str(exposed).lower()}", units) + more
    def of(*sizes, seed=0):
        return bottoms(*sizes, static=static, states=states, units=units, seed=seed)
    return Case(text, of(*arguments), tops=1 + states, then=[of(*sizes, seed=9) for sizes in then], **others)


KINDS = st.fixed_dictionaries({
    "static": st.sampled_from([(), (5,), (2, 2)]), "exposed": st.booleans(), "units": st.integers(1, 4),
    "phase": st.sampled_from(["TRAIN", "TEST"]), "force_backward": st.booleans(), "passes": st.integers(1, 3),
    "params": st.sampled_from([None, "filled"])})


@pytest.mark.parametrize("type_name", TYPES)
@examples(12)
@given(steps=st.integers(1, 4), streams=st.integers(1, 3), shape=st.sampled_from([(1,), (4,), (2, 3), (2, 1, 2)]),
       kind=KINDS)
def test_every_shape_over_several_batches(judge, type_name, steps, streams, shape, kind):
    ignored = [] if kind["force_backward"] else [f"bottom{i}.diff" for i in range(6)]       # nobody asked for these
    judge(recurrent(type_name, steps, streams, shape, **kind), ignore=ignored, **GOES_ON)


@pytest.mark.parametrize("type_name", TYPES)
@pytest.mark.parametrize("exposed", [False, True])
def test_other_numbers_of_streams_later(judge, type_name, exposed):
    judge(recurrent(type_name, 3, 2, static=(2,), exposed=exposed, then=[(3, 4), (3, 4), (3, 1), (3, 3), (3, 5)]))


@pytest.mark.parametrize("type_name", TYPES)
def test_a_marker_is_a_factor(judge, type_name):
    judge(Case(layer(type_name), bottoms(3, 2, cont=np.array([[0.5, 1], [2, 0], [1, -0.25]])), passes=2), **GOES_ON)


@pytest.mark.parametrize("type_name", TYPES)
def test_what_is_no_number_is_forgotten_where_a_sequence_begins(judge, type_name):
    case = recurrent(type_name, 3, 3, exposed=True)
    x, cont, *states = case.bottoms
    x[0, 1, 2], states[0][0, 2, 1] = np.nan, np.inf
    cont[:] = [[0, 1, 0], [1, 1, 1], [1, 0, 1]]
    judge(Case(case.text, [x, cont, *states], tops=case.tops, passes=5), **GOES_ON)


@pytest.mark.parametrize("type_name", TYPES)
@pytest.mark.parametrize("text", ["param { lr_mult: 0 }", "param { lr_mult: 0 } param { lr_mult: 0 decay_mult: 3 }",
                                  "propagate_down: false propagate_down: false", "loss_weight: 2"])
def test_what_every_layer_has(judge, type_name, text):
    judge(Case(f"{layer(type_name)} {text}", bottoms(3, 2), force_backward="propagate" not in text),
          ignore=["bottom0.diff"], **GOES_ON)


@pytest.mark.parametrize("type_name", TYPES)
def test_behind_and_before_other_layers(judge, type_name):
    ends = 'top: "x" inner_product_param { axis: 2 num_output: 3 }'
    judge(Case(f"""
        layer {{ name: "in" type: "InnerProduct" bottom: "data" {ends} }}
        layer {{ name: "one" bottom: "x" bottom: "cont" top: "one" {layer(type_name)} }}
        layer {{ name: "drop" type: "Dropout" bottom: "one" top: "one" }}
        layer {{ name: "two" bottom: "one" bottom: "cont" bottom: "still" top: "two" {layer(type_name, units=2)} }}
        layer {{ name: "sum" type: "Eltwise" bottom: "one" bottom: "x" top: "sum" }}""",
               {"data": values(3, 2, 5), "cont": whole_numbers(3, 2, below=2), "still": values(2, 2)}, passes=2,
               params="filled"), **GOES_ON)


def two_that_share(type_name: str, steps: int, phase: str) -> Case:
    names = [f"w{i}" for i in range({"RNN": 5, "LSTM": 3}[type_name])]
    text = layer(type_name) + " ".join(f'param {{ name: "{name}" }}' for name in names)
    return Case(f"""
        layer {{ name: "one" bottom: "x" bottom: "cont" top: "one" {text} }}
        layer {{ name: "two" bottom: "y" bottom: "cont" top: "two" {text} }}""",
                {"x": values(steps, 2, 3), "y": values(steps, 2, 3, seed=5), "cont": whole_numbers(steps, 2, below=2)},
                phase=phase, params="filled", passes=2)


@pytest.mark.parametrize("type_name", TYPES)
def test_two_layers_share_weights(judge, type_name):
    judge(two_that_share(type_name, 1, "TRAIN"), **GOES_ON)
    judge(two_that_share(type_name, 3, "TEST"), ignore=[
        f"{name}[{i}].diff{twice}" for name in ("one", "two") for i in range(5) for twice in ("", " twice")],
        reason="nobody trains a net in phase TEST, and Caffe's shares no gradients there")


@pytest.mark.parametrize("type_name", TYPES)
def test_layers_that_share_weights_are_the_same_in_every_step(type_name, build_train_net):
    case = two_that_share(type_name, 3, "TRAIN")
    net = build_train_net(case.prototxt)
    for name, array in {**case.bottoms, "y": case.bottoms["x"]}.items():
        net.blobs[net.blob_names.index(name)].data.copy_(torch.from_numpy(array))
    net.forward()
    one, two = (net.blobs[net.blob_names.index(name)].data for name in ("one", "two"))
    assert torch.equal(one, two)


@pytest.mark.parametrize("type_name", TYPES)
@pytest.mark.parametrize("arrays, text, match", [
    ([values(3, 2, 4), values(3, 2)], "num_output: 0", "`num_output` is 0"),
    ([values(3), values(3)], "", r"its first bottom has shape 3 \(3\); it must be time steps x streams"),
    ([values(3, 2), values(3, 2)], "", "axis 2 is out of range"),
    ([values(3, 2, 4), values(2, 3)], "", "its second bottom, .* shape 2 3 .* must be time steps x streams, 3 x 2"),
    ([values(3, 2, 4), values(3, 2, 1)], "", "its second bottom, .* has shape 3 2 1"),
    ([values(3, 2, 4), values(3, 2), values(3, 4)], "", "its third bottom, .* the number of streams, 2"),
    ([values(3, 2, 4)], "", "takes 2 to 3"),
    ([values(3, 2, 4), values(3, 2)], "expose_hidden: true", "takes [34] to [45]"),
    ([values(3, 2, 4), values(3, 2)], 'weight_filler { type: "gauss" }', "layer_x_transform.* gauss"),
])
def test_refusals(judge, type_name, arrays, text, match):
    units = "" if "num_output" in text else "num_output: 3"
    judge.refused(Case(f'type: "{type_name}" recurrent_param {{ {units} {text} }}', arrays), match)


@pytest.mark.parametrize("type_name", TYPES)
def test_refuses_other_steps_and_states(judge, type_name):
    judge.refused(recurrent(type_name, 3, 2, then=[(4, 2)]), "the number of time steps stays as it was")
    case = recurrent(type_name, 3, 2, exposed=True)
    judge.refused(Case(case.text, [*case.bottoms[:-1], values(1, 2, 4)], tops=case.tops),
                  r"a hidden state among its bottoms has shape 1 2 4 .* it must be 1 2 3")
    judge.refused(recurrent(type_name, 3, 2, more=" loss_weight: 1 propagate_down: true propagate_down: true"),
                  "has no gradient for its bottom `bottom1`")


@pytest.mark.parametrize("type_name", TYPES)
@pytest.mark.parametrize("exposed", [False, True])
def test_recorded_passes_are_the_passes_themselves(judge, type_name, exposed):
    several = {"passes": 6, "then": [(3, 4)] * 2 + [(3, 2)] * 6}
    judge(recurrent(type_name, 3, 2, static=(2,), exposed=exposed, **several), **GOES_ON)


class Passes:
    """Steps of a net as a solver runs them; a Dropout behind the layer keeps the step around it from being recorded."""

    def __init__(self, build_train_net, type_name: str):
        drop = 'layer { name: "drop" type: "Dropout" bottom: "top0" top: "top0" dropout_param { dropout_ratio: 0 } }'
        self.net = build_train_net(recurrent(type_name, 3, 2, static=(2,)).prototxt + drop)
        for number, blob in enumerate(self.net.layers[-2].blobs):
            blob.data.copy_(torch.from_numpy(values(*blob.shape, seed=number)))

    def step(self, number: int, clear: bool = True) -> None:
        for blob, array in zip(self.net.bottoms[-2], bottoms(3, 2, static=(2,), seed=number)):
            blob.data.copy_(torch.from_numpy(array))
        self.net.tops[-1][0].diff.fill_(0.1 * number)
        if clear:
            self.net.clear_param_diffs()
        self.net.forward_backward()

    def results(self) -> list[torch.Tensor]:
        layer = self.net.layers[-2]
        return [self.net.tops[-1][0].data, self.net.bottoms[-2][0].diff, *(blob.diff for blob in layer.blobs)]


@pytest.mark.parametrize("type_name", TYPES)
def test_recorded_passes_between_those_of_a_user(type_name, build_train_net, monkeypatch):
    recorded = Passes(build_train_net, type_name)
    monkeypatch.setattr(torch_private, "can_listen", lambda: False)
    plain = Passes(build_train_net, type_name)
    for number in range(24):
        for side in (recorded, plain):
            side.step(number, clear=number % 3 == 0)
            if number in (8, 9, 15):        # a user's own passes, the one back after a change of what went in
                side.net.forward()
                side.net.bottoms[-2][0].data.mul_(0.5)
                side.net.backward()
            if number == 12:                # what a solver does when it is made
                pack(side.net.learnable)
        for one, other in zip(recorded.results(), plain.results()):
            assert torch.equal(one, other), number
    assert all(one._tapes for one in (recorded.net.layers[-2]._forward_pass, recorded.net.layers[-2]._backward_pass))


def output(type_name: str, arrays: list[np.ndarray], weights: list[np.ndarray]) -> np.ndarray:
    """What a layer with x, cont, x_static and exposed states gives, in float64."""
    x, cont, static, hidden, *cell = arrays
    hidden, cell = hidden[0], [state[0] for state in cell]
    into, bias, static_into, again, *out = weights
    found = []
    for now, goes_on in zip(x, cont[..., np.newaxis]):
        total = now @ into.T + bias + static @ static_into.T + goes_on * hidden @ again.T
        if type_name == "RNN":
            hidden = np.tanh(total)
            found.append(np.tanh(hidden @ out[0].T + out[1]))
            continue
        entered, forgotten, shown = (1 / (1 + np.exp(-part)) for part in np.split(total, 4, 1)[:3])
        cell = [goes_on * forgotten * cell[0] + entered * np.tanh(np.split(total, 4, 1)[3])]
        hidden = shown * np.tanh(cell[0])
        found.append(hidden)
    return np.stack(found)


def slope(function, array: np.ndarray, place, step: float = 1e-6) -> float:
    """Of `function()`, which reads `array`, by the value at `place`."""
    middle, sides = array[place], []
    for shift in (step, -step):
        array[place] = middle + shift
        sides.append(function())
    array[place] = middle
    return (sides[0] - sides[1]) / (2 * step)


@pytest.mark.parametrize("type_name", TYPES)
def test_gradients_are_those_of_finite_differences(type_name, build_train_net):
    case = recurrent(type_name, 4, 2, static=(2,), exposed=True)
    net = build_train_net(case.prototxt)
    blobs, top = [*net.bottoms[-1], *net.layers[-1].blobs], net.tops[-1][0]
    given_to, weights_from = len(case.bottoms), values(4, 2, 3, seed=7)
    for number, blob in enumerate(blobs):
        array = case.bottoms[number] if number < given_to else values(*blob.shape, seed=20 + number)
        blob.data.copy_(torch.from_numpy(array))
    net.forward()
    top.diff.copy_(torch.from_numpy(weights_from))
    net.clear_param_diffs()
    net.backward()
    arrays = [blob.data.numpy().astype(np.float64) for blob in blobs]

    def expected() -> np.ndarray:
        return output(type_name, arrays[:given_to], arrays[given_to:])

    np.testing.assert_allclose(top.data.numpy(), expected(), atol=1e-6)
    for number in (0, 2, *range(given_to, len(arrays))):        # the gradients of cont and of the states are none
        for place in np.ndindex(*arrays[number].shape):
            by_steps = slope(lambda: float((weights_from * expected()).sum()), arrays[number], place)
            assert float(blobs[number].diff[place]) == pytest.approx(by_steps, rel=1e-4, abs=1e-5), (number, place)


GOLDEN = {f"{type_name}, {name}": case for type_name in TYPES for name, case in {
    "two batches": recurrent(type_name, 2, 2, passes=2, params="filled"),
    "a static input, states exposed": recurrent(type_name, 2, 2, static=(2,), exposed=True, units=2),
}.items()}
