"""What stands in the nets to train, to deploy and to look at one layer."""

import pytest

from cae_caffe.emit import Source, deploy_net, layer_nets, mnist, train_test_net
from cae_caffe.models import PAPER, ClassicAutoencoder, ConvolutionalAutoencoder

CAE = ConvolutionalAutoencoder()
CLASSIC = ClassicAutoencoder()
FAMILIES = pytest.mark.parametrize("design", [CAE, CLASSIC], ids=["cae", "classic"])


def by_name(net):
    return {layer["name"]: layer for layer in net["layer"]}


def fillers(design, name, parameter):
    return by_name(train_test_net("m", design))[name][parameter]["weight_filler"]


@FAMILIES
def test_data_has_a_phase_and_two_test_stages_and_no_label(design):
    layers = [layer for layer in train_test_net("m", design)["layer"] if layer["type"] == "HDF5Data"]
    assert [(layer["include"], layer["hdf5_data_param"]["source"]) for layer in layers] == [
        ({"phase": "TRAIN"}, "data/mnist_train.txt"),
        ({"phase": "TEST", "stage": "test-on-train"}, "data/mnist_train.txt"),
        ({"phase": "TEST", "stage": "test-on-test"}, "data/mnist_test.txt")]
    assert {layer["top"] for layer in layers} == {"data"}
    assert {layer["hdf5_data_param"]["batch_size"] for layer in layers} == {100}


def test_the_source_can_be_another():
    net = train_test_net("m", CAE, Source("a.txt", "b.txt", batch_size=7))
    assert [layer["hdf5_data_param"] for layer in net["layer"][:3]] == [
        {"source": source, "batch_size": 7} for source in ("a.txt", "a.txt", "b.txt")]
    assert mnist("/elsewhere").test == "/elsewhere/mnist_test.txt"


@pytest.mark.parametrize("design, last, image, target", [
    (CAE, "deconv1neur", "deconv1neursig", "data"), (CLASSIC, "decode1", "decode1neuron", "flatdata")])
def test_the_two_losses(design, last, image, target):
    *_, cross_entropy, sigmoid, l2_error = train_test_net("m", design)["layer"]
    assert cross_entropy == {"name": "cross_entropy_loss", "type": "SigmoidCrossEntropyLoss", "bottom": [last, target],
                             "top": "cross_entropy_loss", "loss_weight": 1}
    assert (sigmoid["name"], sigmoid["bottom"]) == (image, [last])
    assert l2_error == {"name": "l2_error", "type": "EuclideanLoss", "bottom": [image, target], "top": "l2_error",
                        "loss_weight": 0}


@FAMILIES
def test_every_layer_learns_and_only_weights_decay(design):
    layers = by_name(train_test_net("m", design))
    for layer in design.layers:
        expected = [{"lr_mult": 1, "decay_mult": 1}, {"lr_mult": 1, "decay_mult": 0}] if layer.parameters else None
        assert layers[layer.name].get("param") == expected


def test_fillers_of_section_3():
    assert fillers(CAE, "conv1", "convolution_param") == {"type": "xavier"}
    assert fillers(CAE, "deconv1neur", "convolution_param") == {"type": "xavier"}
    assert fillers(CAE, "ip1encode", "inner_product_param") == {"type": "gaussian", "std": 1, "sparse": 25}
    assert fillers(CLASSIC, "encode1", "inner_product_param") == {"type": "gaussian", "std": 1, "sparse": 15}
    biases = by_name(train_test_net("m", CAE))["conv1"]["convolution_param"]["bias_filler"]
    assert biases == {"type": "constant"}


@pytest.mark.parametrize("code, sparse", [(2, 2), (10, 10), (24, 24), (30, 25)])
def test_sparse_never_passes_the_number_of_outputs(code, sparse):
    design = ConvolutionalAutoencoder(code=code)
    assert fillers(design, "ip2encode", "inner_product_param")["sparse"] == sparse


def test_the_deploy_net_takes_one_image_and_waits_for_weights():
    first, conv1, *_, last = deploy_net("cae1-n2", CAE)["layer"]
    assert first == {"name": "input", "type": "Input", "top": "data", "input_param": {"shape": {"dim": [1, 1, 28, 28]}}}
    assert conv1 == {"name": "conv1", "type": "Convolution", "bottom": ["data"], "top": "conv1",
                     "convolution_param": {"num_output": 4, "kernel_size": 9}}
    assert last["name"] == "deconv1neursig"


def test_the_reshape_is_the_papers():
    assert by_name(deploy_net("m", CAE))["reshape"] == {
        "name": "reshape", "type": "Reshape", "bottom": ["ip1decode"], "top": "ip1decodesh",
        "reshape_param": {"shape": {"dim": [0, 0, 1, 1]}}}


def test_a_kernel_that_is_not_square_has_two_sides():
    design = ConvolutionalAutoencoder(kernels=((5, 7), 9))
    assert by_name(deploy_net("m", design))["conv1"]["convolution_param"] == {
        "num_output": 4, "kernel_h": 5, "kernel_w": 7}


@pytest.mark.parametrize("model", PAPER)
def test_fifteen_layer_nets_are_cuts_of_the_deploy_net(model):
    design = PAPER[model]
    deploy = deploy_net(model, design)["layer"]
    nets = layer_nets(model, design)
    names = [layer["name"] for layer in deploy if layer["type"] not in ("Input", "Reshape")]
    assert list(nets) == [f"{number:02d}-{name}" for number, name in enumerate(names, 1)] and len(nets) == 15
    for name, net in nets.items():
        assert net["layer"] == deploy[:len(net["layer"])]
        assert net["layer"][-1]["name"] == name[3:]
