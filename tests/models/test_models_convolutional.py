"""ConvolutionalAutoencoder: layers, the derived decoder, refusals."""

import pytest

from cae_caffe.errors import InputError
from cae_caffe.models import ConvolutionalAutoencoder, Deconvolution, InnerProduct, Sigmoid


def deconvolutions(design):
    """Kernel and maps of each deconvolution but deconv1neur, in the order in which they run."""
    found = [(layer.operation.kernel, layer.operation.maps) for layer in design.layers
             if isinstance(layer.operation, Deconvolution)]
    return found[:-1]


def names(design):
    return [layer.name for layer in design.layers]


def test_the_layers_are_the_papers_and_one_reshape():
    assert names(ConvolutionalAutoencoder()) == [
        "conv1", "conv1sig", "conv2", "conv2sig", "ip1encode", "ip1encodesig", "ip2encode",
        "ip1decode", "reshape", "ip1decodesig", "deconv2", "deconv2sig", "deconv1", "deconv1sig",
        "deconv1neur", "deconv1neursig"]


def test_each_layer_stands_on_the_one_before():
    design = ConvolutionalAutoencoder()
    assert design.layers[0].bottom == "data"
    assert [layer.bottom for layer in design.layers[1:]] == [layer.top for layer in design.layers[:-1]]
    assert [layer.top for layer in design.layers if layer.top != layer.name] == ["ip1decodesh"]


def test_only_the_code_is_linear():
    design = ConvolutionalAutoencoder()
    linear = [layer.name for layer, above in zip(design.layers, design.layers[1:])
              if layer.parameters and not isinstance(above.operation, Sigmoid)]
    assert linear == ["ip2encode", "ip1decode"]     # a reshape lies between ip1decode and its sigmoid
    assert design.code_blob == "ip2encode"


def test_shapes_of_model_1():
    shapes = {layer.name: layer.output for layer in ConvolutionalAutoencoder().layers if layer.parameters}
    assert shapes == {"conv1": (4, 20, 20), "conv2": (2, 12, 12), "ip1encode": (125,), "ip2encode": (2,),
                      "ip1decode": (125,), "deconv2": (2, 12, 12), "deconv1": (2, 28, 28), "deconv1neur": (1, 28, 28)}


@pytest.mark.parametrize("maps, derived", [((4, 2), 2), ((8, 4), 4), ((1, 2), 1), ((5, 2), 3)])
def test_the_outer_maps_come_nearest_to_the_convolutions_elements(maps, derived):
    # 400 elements a map against 784: 1600 gives 2.04, 3200 gives 4.08, 400 gives 0.51, 2000 gives 2.55.
    design = ConvolutionalAutoencoder(maps=maps)
    assert deconvolutions(design) == [((12, 12), maps[1]), ((17, 17), derived)]


def test_a_deconvolution_has_one_map_at_least():
    design = ConvolutionalAutoencoder(maps=(1,), kernels=(25,))     # 16 elements against 784
    assert deconvolutions(design) == [((28, 28), 1)]


def test_three_convolutions():
    design = ConvolutionalAutoencoder(maps=(4, 6, 8), kernels=(9, 5, 7), hidden=(60, 20), code=3)
    assert names(design) == [
        "conv1", "conv1sig", "conv2", "conv2sig", "conv3", "conv3sig",
        "ip1encode", "ip1encodesig", "ip2encode", "ip2encodesig", "ip3encode",
        "ip2decode", "ip2decodesig", "ip1decode", "reshape", "ip1decodesig",
        "deconv3", "deconv3sig", "deconv2", "deconv2sig", "deconv1", "deconv1sig", "deconv1neur", "deconv1neursig"]
    # conv3 ends at 10x10, conv2 began at 20x20 and conv1 at 28x28; conv2 holds 6*16*16 = 1536, near 4*20*20.
    assert deconvolutions(design) == [((10, 10), 8), ((11, 11), 4), ((9, 9), 2)]


def test_one_convolution_comes_back_to_the_image_at_once():
    assert deconvolutions(ConvolutionalAutoencoder(maps=(4,), kernels=(9,))) == [((28, 28), 2)]


def test_without_hidden_neurons_the_code_itself_is_reshaped():
    design = ConvolutionalAutoencoder(hidden=(), code=7)
    assert names(design)[4:8] == ["ip1encode", "reshape", "deconv2", "deconv2sig"]
    assert design.decoder[0].output == (7, 1, 1)
    assert not any(isinstance(layer.operation, InnerProduct) for layer in design.decoder)


def test_images_of_several_channels_that_are_not_square():
    design = ConvolutionalAutoencoder(input=(3, 32, 40), maps=(8, 4), kernels=((5, 7), 3), hidden=(60,), code=5)
    assert deconvolutions(design) == [((26, 32), 4), ((7, 9), 6)]
    assert design.layers[-1].output == (3, 32, 40)
    assert design.notation() == "3840-(5x7x8)-(3x3x4)-60-5-60-(26x32x4)-(7x9x6)-3840"


def test_a_decoder_can_be_given():
    design = ConvolutionalAutoencoder(deconv_maps=(3, 5), deconv_kernels=(14, (15, 15)))
    assert deconvolutions(design) == [((14, 14), 3), ((15, 15), 5)]


def test_maps_follow_given_kernels():
    # 288 elements of conv2 on 6x6 are 8 maps.
    assert deconvolutions(ConvolutionalAutoencoder(deconv_kernels=(6, 23))) == [((6, 6), 8), ((23, 23), 2)]


@pytest.mark.parametrize("fields, sentence", [
    ({"kernels": (9, 30)}, "^layer `conv2`: a 30x30 kernel does not fit into images of 20x20; make it smaller"),
    ({"kernels": (9, (21, 5))}, "^layer `conv2`: a 21x5 kernel does not fit into images of 20x20"),
    ({"deconv_kernels": (12, 16)}, "^layer `deconv1` ends at 27x27, but the image is 28x28; change `deconv_kernels`"),
    ({"maps": (4,)}, "^`kernels` is of length 2 and `maps` of length 1"),
    ({"deconv_maps": (4,)}, "^`deconv_maps` is of length 1 and `maps` of length 2"),
    ({"deconv_kernels": (4, 5, 6)}, "^`deconv_kernels` is of length 3 and `maps` of length 2"),
    ({"maps": (), "kernels": ()}, "^`maps` is empty, .* use ClassicAutoencoder"),
    ({"maps": (4, 0)}, "^`maps` holds 0, but sizes are whole numbers of at least 1"),
    ({"kernels": 9}, r"^`kernels` is 9, but a sequence belongs there; write \(9,\)"),
    ({"kernels": (9, (3, 3, 3))}, r"^`kernels` holds \(3, 3, 3\), but a kernel is its side or the pair"),
    ({"kernels": (9, (3, -1))}, "^`kernels` holds -1"),
    ({"input": (28, 28)}, r"^`input` is \(28, 28\)"),
    ({"code": 10**8}, "^layer `ip2encode`: it would have 12500000000 weights, from 125 to 100000000, but a blob of"),
    ({"input": (1, 10**5, 10**5)}, "^layer `conv1`: it would have 39993600256 elements, from 1x100000x100000 to"),
])
def test_impossible_designs_are_refused_with_the_layer_and_the_sizes(fields, sentence):
    with pytest.raises(InputError, match=sentence):
        ConvolutionalAutoencoder(**fields)
