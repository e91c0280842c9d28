"""What is said of a bottom that no layer before writes: the true cause, where it can be told."""

from __future__ import annotations

import pytest

from cae_caffe import InputError, schema
from cae_caffe.graph import graph_of

INPUT = 'layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 1 dim: 2 } } }\n'


def layer(name, bottom, top):
    return f'layer {{ name: "{name}" type: "Sigmoid" bottom: "{bottom}" top: "{top}" }}\n'


@pytest.mark.parametrize("layers, said", [
    (layer("conv", "x", "conv") + layer("ip", "conv", "conv") + layer("relu", "ip", "ip"),
     r"layer `relu` .*: its bottom `ip` .*; layer `ip` writes `conv`: correct its top, or this bottom\.$"),
    (layer("relu", "ip", "relu") + layer("two", "x", "ip"), "; layer `two` writes it, but comes later: change their"),
    (layer("conv", "x", "conv") + layer("relu", "Conv", "relu"), r"; perhaps `conv` is meant\.$"),
    (layer("conv", "x", "conv") + layer("relu", "q", "relu"), "; correct the name, or the order of the layers"),
    (layer("relu", "q", "q"), "; correct the name, or the order of the layers"),
    (layer("one", "x", "one") + layer("two", "x", "one"),
     "layer `two` .*: its top `one` is already the top of layer `one`; give it another name, or, to work in place"),
])
def test_the_cause_is_told(layers, said):
    with pytest.raises(InputError, match=said):
        graph_of(schema.parse_net(INPUT + layers))


def test_a_layer_without_a_type_has_a_place_without_one():
    with pytest.raises(InputError, match=r"^layer `a` \(the net\): its bottom `q`"):
        graph_of(schema.parse_net('layer { name: "a" bottom: "q" top: "a" }'))
