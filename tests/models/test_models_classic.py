"""ClassicAutoencoder: layers, shapes, refusals."""

import dataclasses

import pytest

from cae_caffe.errors import InputError
from cae_caffe.models import ClassicAutoencoder, InnerProduct, Sigmoid


def test_the_layers_are_those_of_caffes_example():
    names = [layer.name for layer in ClassicAutoencoder(hidden=(1000, 500, 250), code=30).layers]
    assert names == ["encode1", "encode1neuron", "encode2", "encode2neuron", "encode3", "encode3neuron", "encode4",
                     "decode4", "decode4neuron", "decode3", "decode3neuron", "decode2", "decode2neuron",
                     "decode1", "decode1neuron"]


def test_only_the_code_is_linear():
    design = ClassicAutoencoder()
    followers = dict(zip(design.layers, design.layers[1:]))
    linear = [layer.name for layer in design.layers[:-1]
              if isinstance(layer.operation, InnerProduct) and not isinstance(followers[layer].operation, Sigmoid)]
    assert linear == [design.code_blob] == ["encode4"]


def test_any_image_and_any_depth():
    design = ClassicAutoencoder(input=(3, 8, 10), hidden=(50,), code=4)
    assert [layer.output for layer in design.layers if layer.parameters] == [(50,), (4,), (50,), (240,)]
    assert design.encoder_parameters == (240 * 50 + 50) + (50 * 4 + 4)


def test_no_hidden_layer_leaves_encode1_as_the_code():
    assert [layer.name for layer in ClassicAutoencoder(hidden=(), code=4).layers] == [
        "encode1", "decode1", "decode1neuron"]


def test_lists_are_taken_and_frozen():
    design = ClassicAutoencoder(input=[1, 28, 28], hidden=[1000, 500, 250])
    assert design == ClassicAutoencoder() and hash(design) == hash(ClassicAutoencoder())
    with pytest.raises(dataclasses.FrozenInstanceError):
        design.code = 3


@pytest.mark.parametrize("fields, sentence", [
    ({"input": (28, 28)}, r"`input` is \(28, 28\), but an image's shape is \(channels, height, width\)"),
    ({"input": (1, 28, 0)}, "`input` holds 0, but sizes are whole numbers of at least 1"),
    ({"hidden": 300}, r"`hidden` is 300, but a sequence belongs there; write \(300,\)"),
    ({"hidden": (300, 1.5)}, "`hidden` holds 1.5"),
    ({"code": -2}, "`code` holds -2"),
    ({"code": "2"}, "`code` holds '2'"),
    ({"hidden": (3 * 10**6,)}, "layer `encode1`: it would have 2352000000 weights, from 1x28x28 to 3000000, but a"),
])
def test_fields_that_are_no_sizes_are_refused(fields, sentence):
    with pytest.raises(InputError, match=sentence):
        ClassicAutoencoder(**fields)
