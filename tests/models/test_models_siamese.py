"""The siamese network's design."""

import pytest

from cae_caffe.errors import InputError
from cae_caffe.models import ReLU, SiameseNetwork

# Caffe's examples/siamese: layer, output for one image, weights and biases.
TOWER = {
    "conv1": ((20, 24, 24), 520), "pool1": ((20, 12, 12), 0), "conv2": ((50, 8, 8), 25050), "pool2": ((50, 4, 4), 0),
    "ip1": ((500,), 400500), "relu1": ((500,), 0), "ip2": ((10,), 5010), "feat": ((2,), 22),
}


def test_a_tower_is_that_of_caffes_example():
    design = SiameseNetwork()
    assert {layer.name: (layer.output, layer.parameters) for layer in design.layers} == TOWER
    assert (design.code_blob, design.parameters) == ("feat", 431102)
    assert design.notation() == "784-(5x5x20)-(5x5x50)-500-10-2, twice with the same weights"


def test_the_twin_has_the_same_layers_under_other_names():
    design = SiameseNetwork()
    for layer, twin in zip(design.layers, design.twin):
        names = layer.name, layer.bottom, layer.top
        assert (twin.name, twin.bottom, twin.top) == tuple(name + "_p" for name in names)
        assert (twin.operation, twin.output) == (layer.operation, layer.output)


def test_a_design_of_ones_own():
    design = SiameseNetwork(input=(3, 19, 15), maps=(4,), kernels=(4,), hidden=(9,), code=3, margin=2.5)
    assert [layer.name for layer in design.layers] == ["conv1", "pool1", "ip1", "feat"]
    assert [layer.output for layer in design.layers] == [(4, 16, 12), (4, 8, 6), (9,), (3,)]
    assert not any(isinstance(layer.operation, ReLU) for layer in design.layers)


def test_pooling_keeps_the_rest_at_the_edge_as_caffe_does():
    assert SiameseNetwork(input=(1, 29, 28)).layers[1].output == (20, 13, 12)


@pytest.mark.parametrize("fields, sentence", [
    ({"kernels": (5,)}, "`kernels` is of length 1 and `maps` of length 2, but each convolution has one entry in both"),
    ({"margin": 0}, "`margin` is 0, but it is a distance, so greater than 0"),
    ({"margin": float("nan")}, "`margin` is nan, but it is a distance"),
    ({"kernels": (5, 13)}, "layer `conv2`: a 13x13 kernel does not fit into images of 12x12"),
    ({"code": 0}, "`code` holds 0, but sizes are whole numbers of at least 1"),
    ({"input": (28, 28)}, r"`input` is \(28, 28\), but an image's shape is \(channels, height, width\)"),
])
def test_what_cannot_be_built_is_refused(fields, sentence):
    with pytest.raises(InputError, match=sentence):
        SiameseNetwork(**fields)
