"""Folding: graphs are shorter, and give what the engine gives."""

from __future__ import annotations

import numpy as np
import pytest
from conformance import TOLERANCE

pytest.importorskip("torch", reason="the embedded engine needs PyTorch")
pytest.importorskip("onnx", reason="onnx is not here: pip install cae-caffe[onnx]")

from onnx_judge import require_clean, run_onnx

from cae_caffe.export import proof
from cae_caffe.export.deploy import deploy
from cae_caffe.export.onnx import convert
from cae_caffe.pycaffe import TEST, Net

INPUT = 'layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 2 dim: 4 dim: 5 dim: 6 } } }\n'


def layer(kind, name, bottom, top=None, options=""):
    return f'layer {{ name: "{name}" type: "{kind}" bottom: "{bottom}" top: "{top or name}" {options} }}\n'


def conv(name, bottom, options="", kind="Convolution"):
    return layer(kind, name, bottom, name, "convolution_param { num_output: 6 kernel_size: 3 "
                 f'weight_filler {{ type: "xavier" }} {options} }}')


def norm(blob, name="n", top=None):
    return (layer("BatchNorm", f"{name}_norm", blob, top) + layer("Scale", f"{name}_scale", top or blob, top,
            "scale_param { bias_term: true }"))


def folded(tmp_path, text, blobs=(), batch=None):
    """The operators of the net's graph once folded, which gives what the engine gives."""
    path = tmp_path / "net.prototxt"
    path.write_text(INPUT + text)
    net = Net(str(path), TEST)
    random = np.random.RandomState(1)
    for kind, parameters in zip([one.type for one in net.layers], [one.blobs for one in net.layers]):
        for blob in parameters:
            blob.data[...] = random.uniform(0.5 if kind == "BatchNorm" else -1, 2, blob.shape)
    model = convert.to_onnx(net, batch, blobs, fold=True)
    require_clean(model)
    form = deploy(net, blobs)
    found = proof.prove(form, lambda inputs: run_onnx(model, inputs), "onnxruntime", tolerance=TOLERANCE,
                        batches=(1, 3) if batch else ())
    assert found.holds, found.table()
    return [node.op_type for node in model.graph.node]


@pytest.mark.parametrize("options", ["", "bias_term: false", "group: 2 pad: 1", "axis: 1 stride: 2 dilation: 2"])
@pytest.mark.parametrize("kind, operator", [("Convolution", "Conv"), ("Deconvolution", "ConvTranspose")])
def test_convolutions_take_in_what_is_behind_them(tmp_path, kind, operator, options):
    text = conv("c", "x", options, kind) + norm("c", top="c")
    assert folded(tmp_path, text + layer("Bias", "b", "c", "c"), batch="dynamic") == [operator]


@pytest.mark.parametrize("options", ["", "transpose: true", "bias_term: false"])
def test_inner_products_take_in_what_is_behind_them(tmp_path, options):
    text = layer("InnerProduct", "ip", "x", options="inner_product_param { num_output: 5 "
                 f'weight_filler {{ type: "xavier" }} {options} }}')
    assert folded(tmp_path, text + norm("ip", top="ip")) == ["Flatten", "Gemm"]


def test_what_comes_behind_another_layer_stays(tmp_path):
    assert folded(tmp_path, conv("c", "x") + layer("ReLU", "r", "c", "c") + norm("c", top="c")) == [
        "Conv", "Relu", "Mul", "Add"]


def test_a_chain_without_weights_before_becomes_a_factor_and_a_term(tmp_path):
    assert folded(tmp_path, norm("x", top="y"), batch="dynamic") == ["Mul", "Add"]


def test_what_others_read_is_not_folded(tmp_path):
    text = conv("c", "x") + norm("c", top="d") + layer("Sigmoid", "s", "c")
    assert folded(tmp_path, text).count("Conv") == 1


def test_an_output_between_is_not_folded(tmp_path):
    assert folded(tmp_path, conv("c", "x") + norm("c", top="d"), blobs=["c", "d"]) == ["Conv", "Mul", "Add"]


def test_shared_weights_are_folded_for_each_of_their_layers(tmp_path):
    shared = 'param { name: "w" } param { name: "b" } '
    text = "".join(conv(name, "x").replace(' convolution_param', shared + 'convolution_param')
                   for name in ("c", "d"))
    assert folded(tmp_path, text + norm("c", "n", "e") + norm("d", "m", "f")) == ["Conv", "Conv"]


def test_factors_of_other_axes_stay(tmp_path):
    text = conv("c", "x") + layer("Scale", "s", "c", options="scale_param { axis: 2 bias_term: true }")
    assert folded(tmp_path, text) == ["Conv", "Mul", "Add"]
