"""Which layers can saturate, and what is said of a net's states."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cae_caffe import schema
from cae_caffe.analysis.diagnosis import LOGIT, Diagnosis, LayerState, saturation_of, sentences
from cae_caffe.graph import graph_of

LINEAR = LayerState("deconv2", "Deconvolution", "deconv2", (2, 12, 12), low=-812.4, high=344.5, mean=-3.0,
                    saturated=1.0, meets="deconv2sig", bound=(-LOGIT, LOGIT), units=0, dead=0, values=288,
                    nan=0, infinite=0, parameters=600, broken_parameters=0)
SIGMOID = replace(LINEAR, name="deconv2sig", type="Sigmoid", blob="deconv2sig", low=0.0, high=1.0, mean=0.5, meets="",
                  bound=(0.01, 0.99), parameters=0)
FINE = replace(LINEAR, name="conv1", blob="conv1", low=-1.0, high=1.0, saturated=0.0, meets="")
CODE = replace(FINE, name="ip", type="InnerProduct", saturated=None, bound=None)
PICTURE = replace(SIGMOID, name="image", blob="image", low=0.0, high=0.5, saturated=0.8)


def diagnosis(*layers):
    return Diagnosis("deploy.prototxt", "w.caffemodel", 50, list(layers))


def layer(name, kind, bottom, top, learns=True):
    return f'layer {{ name: "{name}" type: "{kind}" bottom: "{bottom}" top: "{top}" }}', learns


def nodes(layers):
    """The nodes of `layers` behind an input, with a parameter each where they learn."""
    text = 'layer { name: "input" type: "Input" top: "data" }' + "".join(text for text, _ in layers)
    graph = graph_of(schema.parse_net(text))
    for node, (_, learns) in zip(graph.nodes[1:], layers):
        graph.fill_weights(node, [object()] * learns)
    return graph.nodes[1:]


def test_a_healthy_net_is_said_to_be_so_whatever_its_picture_is_like():
    found = diagnosis(FINE, CODE, PICTURE)
    assert found.healthy
    (said,) = sentences(found)
    assert said.startswith("Healthy: no NaN or infinity in parameters or values, and no layer with 99.9%")


def test_a_saturated_layer_is_named_with_both_ranges_and_once():
    found = diagnosis(FINE, LINEAR, SIGMOID, replace(PICTURE, saturated=0.5))
    assert not found.healthy
    (said,) = sentences(found)
    assert said == (
        "Layer `deconv2` (Deconvolution) is saturated wholly: its values lie in [-812, 344], those beyond 4.6 or below "
        "-4.6 drive `deconv2sig` to its ends, and `deconv2sig` lies in [0, 1].")


def test_a_mostly_saturated_layer_is_named_but_does_not_break_the_net():
    found = diagnosis(replace(LINEAR, saturated=0.73), replace(SIGMOID, saturated=0.73), CODE)
    assert found.healthy
    assert "`deconv2` (Deconvolution) is saturated by 73%" in sentences(found)[0]
    assert sentences(diagnosis(replace(LINEAR, saturated=0.49), CODE))[0].startswith("Healthy")


def test_a_blank_picture_comes_before_the_layers_that_made_it():
    said = sentences(diagnosis(LINEAR, SIGMOID, replace(PICTURE, saturated=1.0, high=0.0)))
    assert said[0] == "The output `image` is blank: all of its values lie in [0, 0]."
    assert "Layer `image` (Sigmoid) is saturated wholly" in said[2]


def test_the_first_of_the_broken_layers_is_named_for_parameters_and_for_values():
    broken = replace(FINE, name="conv2", blob="conv2", nan=7, infinite=2, broken_parameters=5)
    found = diagnosis(FINE, broken, replace(broken, name="later", blob="later"), CODE)
    said = sentences(found)
    assert not found.healthy
    assert said[0].startswith("Parameters: the first NaN or infinity is in layer `conv2`, in 5 of its 600 weights and "
                              "biases; 2 layers of 4 with parameters are broken.")
    assert said[1] == ("Values: the first NaN or infinity is in blob `conv2` of layer `conv2` (Deconvolution): 7 NaN "
                       "and 2 infinite of 288 values.")


def test_dead_units_are_counted_and_do_no_harm():
    found = diagnosis(replace(FINE, name="relu1", type="ReLU", units=500, dead=12), CODE)
    assert found.healthy
    assert sentences(found)[0] == "Layer `relu1` (ReLU): 12 of 500 units are dead, 0 for each of the 50 images."


@pytest.mark.parametrize("kind, inputs, outputs", [("Sigmoid", 4.595, (0.01, 0.99)), ("TanH", 2.298, (-0.98, 0.98))])
def test_a_layer_saturates_where_the_activation_behind_it_does(kind, inputs, outputs):
    layers = [layer("ip", "InnerProduct", "data", "ip"), layer("sh", "Reshape", "ip", "ipsh", learns=False),
              layer("act", kind, "ipsh", "act", learns=False)]
    ip, shape, act = nodes(layers)
    bound, meets = saturation_of(ip)
    assert bound == (pytest.approx(-inputs, abs=1e-3), pytest.approx(inputs, abs=1e-3)) and meets == "act"
    assert saturation_of(shape) == (None, "")
    assert saturation_of(act) == (pytest.approx(outputs), "")


@pytest.mark.parametrize("kind", ["RNN", "LSTM"])
def test_a_recurrent_layer_saturates_by_itself(kind):
    (memory,) = nodes([layer("memory", kind, "data", "memory")])
    assert saturation_of(memory) == (pytest.approx((-0.98, 0.98)), "")


def test_an_activation_in_place_counts_and_one_behind_a_relu_in_place_does_not():
    in_place = [layer("ip", "InnerProduct", "data", "ip"), layer("act", "Sigmoid", "ip", "ip", learns=False)]
    ip, *_ = nodes(in_place)
    assert saturation_of(ip)[1] == "act"
    in_place.insert(1, layer("bend", "ReLU", "ip", "ip", learns=False))
    ip, *_ = nodes(in_place)
    assert saturation_of(ip) == (None, "")


def test_a_layer_that_no_activation_reads_does_not_saturate():
    ip, _ = nodes([layer("ip", "InnerProduct", "data", "ip"), layer("ip2", "InnerProduct", "ip", "ip2")])
    assert saturation_of(ip) == (None, "")
