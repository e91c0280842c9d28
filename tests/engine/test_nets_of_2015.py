"""Nets in the older forms on both engines, and those of 2015 whose inner products feed spatial layers.

The latter run as they did then, which they do not in Caffe 1.0. Their judge is real Caffe on the same net in today's
form, with the Reshape layer that it wants.
"""

from __future__ import annotations

from pathlib import Path

import conformance
import conformance_runner
import numpy as np
import pytest
from conformance import Case, values

from cae_caffe import pycaffe
from cae_caffe.errors import InputError

TODAY = """
    layer { name: "encode" type: "InnerProduct" bottom: "x" top: "encode" inner_product_param { num_output: 3 } }
    layer { name: "decode" type: "InnerProduct" bottom: "encode" top: "decode" inner_product_param { num_output: 6 } }
    layer { name: "four" type: "Reshape" bottom: "decode" top: "four" reshape_param { shape { dim: 0 dim: -1 dim: 1
            dim: 1 } } }
    layer { name: "sig" type: "Sigmoid" bottom: "four" top: "sig" }
    layer { name: "deconv" type: "Deconvolution" bottom: "sig" top: "deconv" convolution_param { num_output: 2
            kernel_size: 3 weight_filler { type: "xavier" } } }
    layer { name: "loss" type: "EuclideanLoss" bottom: "deconv" bottom: "y" top: "loss" }"""
THEN = """
    input: "x" input_dim: 4 input_dim: 1 input_dim: 5 input_dim: 4
    input: "y" input_dim: 4 input_dim: 2 input_dim: 3 input_dim: 3
    layers { name: "encode" type: INNER_PRODUCT bottom: "x" top: "encode" inner_product_param { num_output: 3 } }
    layers { name: "decode" type: INNER_PRODUCT bottom: "encode" top: "decode" inner_product_param { num_output: 6 } }
    layers { name: "sig" type: SIGMOID bottom: "decode" top: "sig" }
    layers { name: "deconv" type: DECONVOLUTION bottom: "sig" top: "deconv" convolution_param { num_output: 2
             kernel_size: 3 weight_filler { type: "xavier" } } }
    layers { name: "loss" type: EUCLIDEAN_LOSS bottom: "deconv" bottom: "y" top: "loss" }"""
CASE = Case(TODAY, {"x": values(4, 1, 5, 4), "y": values(4, 2, 3, 3, seed=1)}, force_backward=False, passes=2)


def shapes(net) -> dict:
    return {name: blob.shape for name, blob in zip(net.blob_names, net.blobs)}


@pytest.mark.parametrize("in_place", [False, True])
def test_an_old_net_computes_what_todays_does_on_real_caffe(real_caffe, in_place):
    text = THEN.replace('top: "sig"', 'top: "decode"').replace('bottom: "sig"', 'bottom: "decode"')
    ours = conformance_runner.run(pycaffe, {**CASE.message(), "prototxt": text if in_place else THEN})
    real, = conformance.run_real(real_caffe, [CASE])
    for mine, theirs in zip(ours, real):
        assert not conformance.differences(mine, theirs)


def test_only_outputs_that_feed_a_spatial_layer_have_four_axes(build_train_net):
    found = shapes(build_train_net(THEN))
    assert (found["encode"], found["decode"], found["sig"]) == ((4, 3), (4, 6, 1, 1), (4, 6, 1, 1))


@pytest.mark.parametrize("spatial", ["type: POOLING pooling_param { kernel_size: 1 }", "type: LRN",
                                     "type: CONVOLUTION convolution_param { num_output: 2 kernel_size: 1 }"])
def test_every_spatial_layer_gets_four_axes(build_train_net, spatial):
    found = shapes(build_train_net(f"""
        input: "x" input_dim: 2 input_dim: 5 input_dim: 1 input_dim: 1
        layers {{ name: "a" type: INNER_PRODUCT bottom: "x" top: "a" inner_product_param {{ num_output: 4 }} }}
        layers {{ name: "b" type: INNER_PRODUCT bottom: "x" top: "b" inner_product_param {{ num_output: 4 }} }}
        layers {{ name: "sum" type: ELTWISE bottom: "a" bottom: "b" top: "sum" }}
        layers {{ name: "drop" type: DROPOUT bottom: "sum" top: "sum" }}
        layers {{ name: "spatial" bottom: "sum" top: "spatial" {spatial} }}"""))
    assert found["a"] == found["b"] == found["sum"] == (2, 4, 1, 1)


def test_todays_nets_keep_two_axes_as_in_caffe(build_train_net):
    """Caffe 1.0 takes the Deconvolution for one without spatial axes; so does this engine."""
    lines = TODAY.replace('bottom: "four"', 'bottom: "decode"').splitlines()
    text = "\n".join(line for line in lines if '"four"' not in line and "dim: 1 }" not in line and "loss" not in line)
    net = build_train_net('layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 4 dim: 20 } } }' + text)
    assert shapes(net)["deconv"] == (4, 2)


def test_weights_of_2015_fit(build_train_net):
    """Its blobs have four axes, those missing put in front."""
    net = build_train_net(THEN)
    saved = net.to_message()
    for layer in saved.layer:
        for blob in layer.blobs:
            dims = list(blob.shape.dim)
            blob.ClearField("shape")
            blob.num, blob.channels, blob.height, blob.width = [1] * (4 - len(dims)) + dims
    other = build_train_net(THEN)
    other.copy_trained_layers_from(saved)
    for mine, theirs in zip(other.learnable, net.learnable):
        np.testing.assert_array_equal(mine.blob.data.numpy(), theirs.blob.data.numpy())


def test_the_losses_shapes_are_still_checked(build_train_net):
    with pytest.raises(InputError, match="its bottoms have shapes"):
        build_train_net(THEN.replace("kernel_size: 3", "kernel_size: 4"))


V1 = """
    name: "v1" force_backward: true input: "x" input_dim: 2 input_dim: 3 input_dim: 6 input_dim: 6
    input: "label" input_dim: 2 input_dim: 1 input_dim: 1 input_dim: 1
    layers { name: "conv" type: CONVOLUTION bottom: "x" top: "conv" blobs_lr: 1 blobs_lr: 2
             weight_decay: 1 weight_decay: 0 convolution_param { num_output: 4 kernel_size: 3
             weight_filler { type: "gaussian" std: 0.5 } } }
    layers { name: "norm" type: LRN bottom: "conv" top: "norm" lrn_param { local_size: 3 alpha: 0.5 } }
    layers { name: "pool" type: POOLING bottom: "norm" top: "pool" pooling_param { pool: AVE kernel_size: 3
             stride: 2 } }
    layers { name: "relu" type: RELU bottom: "pool" top: "pool" relu_param { negative_slope: 0.1 } }
    layers { name: "ip" type: INNER_PRODUCT bottom: "pool" top: "ip" param: "w" param: "b" inner_product_param {
             num_output: 5 weight_filler { type: "xavier" } bias_filler { type: "uniform" } } }
    layers { name: "loss" type: SOFTMAX_LOSS bottom: "ip" bottom: "label" top: "loss" loss_weight: 2 }"""
V0 = """
    name: "v0" force_backward: true input: "x" input_dim: 2 input_dim: 3 input_dim: 6 input_dim: 6
    input: "label" input_dim: 2 input_dim: 1 input_dim: 1 input_dim: 1
    layers { layer { name: "pad" type: "padding" pad: 1 } bottom: "x" top: "pad" }
    layers { layer { name: "conv" type: "conv" num_output: 4 kernelsize: 3 stride: 2 blobs_lr: 1 blobs_lr: 2
             weight_filler { type: "gaussian" std: 0.5 } bias_filler { type: "constant" value: 0.1 } }
             bottom: "pad" top: "conv" }
    layers { layer { name: "pool" type: "pool" pool: MAX kernelsize: 2 stride: 1 } bottom: "conv" top: "pool" }
    layers { layer { name: "drop" type: "dropout" dropout_ratio: 0.3 } bottom: "pool" top: "pool" }
    layers { layer { name: "norm" type: "lrn" local_size: 3 alpha: 0.5 beta: 0.5 } bottom: "pool" top: "norm" }
    layers { layer { name: "ip" type: "innerproduct" num_output: 5 weight_filler { type: "xavier" } }
             bottom: "norm" top: "ip" }
    layers { layer { name: "loss" type: "softmax_loss" } bottom: "ip" bottom: "label" }"""


@pytest.mark.parametrize("text", [V1, V0], ids=["V1", "V0"])
def test_nets_in_the_older_forms_compute_what_they_do_in_real_caffe(real_caffe, text):
    bottoms = {"x": values(2, 3, 6, 6), "label": np.array([1, 4]).reshape(2, 1, 1, 1)}
    message = {**Case("layer { }", bottoms, params="filled", passes=2).message(), "prototxt": text}
    ours = conformance_runner.run(pycaffe, message)
    (kind, real), = real_caffe(Path(conformance_runner.__file__).read_text(), cases=[message])
    assert kind == "result", real
    for mine, theirs in zip(ours, real):
        assert not conformance.differences(mine, theirs)
    assert any(name.startswith("conv[0].diff") for name in ours[0])
