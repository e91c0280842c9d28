"""Weights that go to PyTorch and come back by their names: no bit is lost, and training there arrives here."""

from __future__ import annotations

import dataclasses

import conformance_sweep as sweep
import numpy as np
import pytest
import torch
from conformance import examples
from hypothesis import assume, given
from hypothesis import strategies as st
from return_nets import NAMES, blobs_of, fresh, net_of, run
from torch import nn
from torch_judge import engine_run

from cae_caffe import InputError, from_torch, schema, to_torch
from cae_caffe.export.torch.files import export_torch

LEARNING = ("BatchNorm", "Bias", "Convolution", "Deconvolution", "Embed", "InnerProduct", "LSTM", "PReLU", "Parameter",
            "RNN", "Scale")
RESIDUAL = '''
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 4 dim: 5 dim: 5 } } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
        convolution_param { num_output: 4 kernel_size: 3 pad: 1 bias_term: false } }
layer { name: "conv/bn" type: "BatchNorm" bottom: "conv" top: "conv" }
layer { name: "conv/scale" type: "Scale" bottom: "conv" top: "conv" scale_param { bias_term: true } }
layer { name: "sum" type: "Eltwise" bottom: "data" bottom: "conv" top: "sum" }
layer { name: "fc" type: "InnerProduct" bottom: "sum" top: "fc"
        inner_product_param { num_output: 3 transpose: true } }
'''
DATA = torch.linspace(-1, 1, 2 * 4 * 5 * 5).reshape(2, 4, 5, 5)


def residual(seed=1):
    return fresh(RESIDUAL, seed)


@pytest.mark.parametrize("name", NAMES)
def test_a_fresh_net_gets_every_bit(name, tmp_path):
    old, new = net_of(name), net_of(name, seed=2)
    assert blobs_of(old) != blobs_of(new)
    found = from_torch(to_torch(old), new)
    assert (found.by, found.left, found.missing, found.remarks) == ("names", [], [], [])
    assert blobs_of(old) == blobs_of(new)
    files = tmp_path / "old.caffemodel", tmp_path / "new.caffemodel"
    for net, path in zip((old, new), files):
        net.save(str(path))
    first, second = map(schema.read_weights, files)
    assert [layer.blobs for layer in first.layer] == [layer.blobs for layer in second.layer]


@pytest.mark.parametrize("name", ["residual", "shared BatchNorm", "shared weights, biases of their own", "siamese"])
@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_files_hold_every_bit(name, suffix, tmp_path):
    old, new = net_of(name), net_of(name, seed=2)
    if suffix == ".safetensors":
        pytest.importorskip("safetensors", reason="safetensors is not here: pip install cae-caffe[safetensors]")
        path = export_torch(old, tmp_path)[1]
    else:
        path = tmp_path / "net.pth"
        torch.save({"state_dict": to_torch(old).state_dict(), "epoch": 3}, path)
    assert from_torch(path, new).missing == []
    assert blobs_of(old) == blobs_of(new)


@pytest.mark.parametrize("name", NAMES)
def test_a_net_may_come_from_itself(name):
    net = net_of(name)
    before = blobs_of(net)
    from_torch(to_torch(net).state_dict(), net)
    assert blobs_of(net) == before


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "model.", "a.b."])
def test_what_all_names_begin_with_does_not_matter(prefix):
    old, new = residual(), residual(2)
    found = from_torch({prefix + name: tensor for name, tensor in to_torch(old).state_dict().items()}, new)
    assert blobs_of(old) == blobs_of(new) and f"{prefix}conv.weight" in found.taken


def test_a_module_in_data_parallel():
    old, new = residual(), residual(2)
    from_torch(nn.DataParallel(to_torch(old)), new)
    assert blobs_of(old) == blobs_of(new)


def test_double_precision_loses_nothing_and_half_is_told():
    old, new = residual(), residual(2)
    assert from_torch(to_torch(old).double(), new).remarks == []
    assert blobs_of(old) == blobs_of(new)
    for kind in (torch.float16, torch.bfloat16):
        module = to_torch(old).to(kind)
        remark, = from_torch(module, new).remarks
        assert "of fewer bits than float32" in remark and "conv.weight" in remark
        assert np.array_equal(new.params["conv"][0].data, module.conv.weight.detach().float().numpy())
        assert new.params["conv/bn"][2].data.tolist() in ([1], old.params["conv/bn"][2].data.tolist())


def test_what_float32_has_not_is_told():
    old = residual()
    module = to_torch(old).double()
    with torch.no_grad():
        module.conv.weight += 1e-12
        module.fc.bias[0] = torch.nan
        module.fc.weight[0, 0] = 1e300
    found = from_torch(module, old)
    assert [remark.partition(":")[0] for remark in found.remarks] == [
        "Values that are rounded to float32", "Values that are not finite (NaN, or infinity in float32)"]
    assert "conv.weight" in found.remarks[0] and "fc.weight, fc.bias" in found.remarks[1]


@pytest.mark.parametrize("whose", ["statistics frozen", "statistics moved"])
def test_training_in_pytorch_arrives_in_the_net(whose):
    old, new = residual(), residual(2)
    module = to_torch(old).train()
    if whose == "statistics frozen":
        module.conv_bn.eval()
    optimizer = torch.optim.SGD(module.parameters(), lr=1e-6)
    for _ in range(3):
        optimizer.zero_grad()
        module(DATA).square().mean().backward()
        optimizer.step()
    from_torch(module, new)
    with torch.no_grad():
        wanted = module.eval()(DATA).numpy()
    assert np.abs(run(new, {"data": DATA.numpy()}) - wanted).max() <= 1e-6 * np.abs(wanted).max()
    assert blobs_of(old)["conv[0]"] != blobs_of(new)["conv[0]"]
    factor = old.params["conv/bn"][2].data[0] if whose == "statistics frozen" else 1
    assert new.params["conv/bn"][2].data[0] == factor


def test_averages_of_1_go_to_a_net_with_another_factor_and_back():
    one, other = residual(), residual(2)
    one.params["conv/bn"][2].data[...] = 1
    from_torch(to_torch(one), other)
    assert blobs_of(one) == blobs_of(other)
    other, one = residual(2), other
    from_torch(to_torch(other), one)
    assert blobs_of(one) == blobs_of(other)


def test_the_tensors_of_some_blobs_alone():
    old, new = residual(), residual(2)
    before = blobs_of(new)
    found = from_torch(to_torch(old, ["conv"]), new, blobs=["conv"])
    remark, = found.remarks
    assert remark == ("As they were, for the net's own module has them not: parameter 0 of layer `fc`, "
                      "parameter 1 of layer `fc`.")
    wanted = {**blobs_of(old), **{name: data for name, data in before.items() if name.startswith("fc")}}
    assert blobs_of(new) == wanted


def test_a_net_that_trains_gets_them_too():
    text = ('layer {{ name: "data" type: "DummyData" top: "data" top: "label" dummy_data_param {{ '
            'shape {{ dim: 2 dim: 4 }} shape {{ dim: 2 }} }} }}'
            'layer {{ name: "fc" type: "InnerProduct" bottom: "data" top: "fc" '
            'inner_product_param {{ num_output: 3 }} }}'
            'layer {{ name: "loss" type: "{loss}" bottom: "fc" bottom: "label" top: "loss" {more} }}')
    old = fresh(text.format(loss="SoftmaxWithLoss", more=""))
    new = fresh(text.format(loss="CenterLoss", more="center_loss_param { num_output: 3 }"), 2)
    centers = blobs_of(new)["loss[0]"]
    found = from_torch(to_torch(old), new, blobs=["fc"])
    assert "parameter 0 of layer `loss`" in found.remarks[0]
    assert blobs_of(new) == {**blobs_of(old), "loss[0]": centers}


def test_the_report_is_text():
    found = from_torch(to_torch(residual()), residual(2))
    assert str(found) == "10 tensors brought back by names."
    assert found.taken["conv_bn.caffe_factor"] == "parameter 2 of layer `conv/bn`"


@pytest.mark.parametrize("type_name", LEARNING)
def test_no_layer_loses_a_bit(type_name):
    @examples(3)
    @given(st.data())
    def hold_one(data):
        case = dataclasses.replace(data.draw(sweep.cases(type_name)), phase="TEST", passes=1, then=())
        try:
            net = engine_run(case, False)[0]
            module = to_torch(net)
        except InputError:
            assume(False)
        assume(net.params)
        before = blobs_of(net)
        for blob in (blob for blobs in net.params.values() for blob in blobs):
            blob.data[...] = 2 * blob.data + 1
        assert from_torch(module, net).remarks == []
        assert blobs_of(net) == before

    hold_one()
