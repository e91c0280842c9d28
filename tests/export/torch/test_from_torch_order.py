"""Weights of modules that somebody else has written: by order and shape, and every mistake told at once."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from return_nets import blobs_of, fresh, run
from torch import nn

from cae_caffe import InputError, from_torch, to_torch

INPUT = 'layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 3 dim: 6 dim: 6 } } }\n'
NORMALIZED = INPUT + '''
layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1"
        convolution_param { num_output: 4 kernel_size: 3 bias_term: false } }
layer { name: "bn1" type: "BatchNorm" bottom: "conv1" top: "conv1" batch_norm_param { eps: 1e-5 } }
layer { name: "scale1" type: "Scale" bottom: "conv1" top: "conv1" scale_param { bias_term: true } }
layer { name: "relu1" type: "ReLU" bottom: "conv1" top: "conv1" }
layer { name: "conv2" type: "Convolution" bottom: "conv1" top: "conv2"
        convolution_param { num_output: 4 kernel_size: 1 } }
layer { name: "bn2" type: "BatchNorm" bottom: "conv2" top: "conv2" batch_norm_param { eps: 1e-5 } }
layer { name: "scale2" type: "Scale" bottom: "conv2" top: "conv2" scale_param { bias_term: true } }
layer { name: "fc" type: "InnerProduct" bottom: "conv2" top: "fc" inner_product_param { num_output: 5 } }
'''
TRANSPOSED = INPUT + '''
layer { name: "fc1" type: "InnerProduct" bottom: "data" top: "fc1"
        inner_product_param { num_output: 4 bias_term: false } }
layer { name: "fc2" type: "InnerProduct" bottom: "fc1" top: "fc2"
        inner_product_param { num_output: OUT bias_term: false transpose: true } }
'''


def elsewhere(classes: int = 5) -> nn.Sequential:
    """A module as PyTorch's users write it, trained a little, in eval mode."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 4, 1),
                           nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(64, classes))
    with torch.no_grad():
        for tensor in module.parameters():
            tensor.uniform_(-0.5, 0.5)
        for _ in range(3):
            module(torch.rand(8, 3, 6, 6))
    return module.eval()


def refusal(*arguments, **options) -> list[str]:
    with pytest.raises(InputError) as caught:
        from_torch(*arguments, **options)
    return list(caught.value.args)


def test_batch_norm_with_weight_and_bias_is_batch_norm_and_scale():
    module, net = elsewhere(), fresh(NORMALIZED)
    found = from_torch(module, net, by="order")
    data = torch.rand(2, 3, 6, 6)
    with torch.no_grad():
        wanted = module(data).numpy()
    assert np.abs(run(net, {"data": data.numpy()}) - wanted).max() <= 1e-6 * np.abs(wanted).max()
    assert (found.by, len(found.taken), found.left, found.remarks) == ("order", 13, [], [])
    assert found.taken["1.running_var"] == "parameter 1 of layer `bn1`"
    assert found.taken["1.weight"] == "parameter 0 of layer `scale1`"
    assert net.params["bn1"][2].data.tolist() == [1]


def test_it_is_by_order_if_not_one_name_fits_and_says_so():
    found = from_torch(elsewhere(), fresh(NORMALIZED))
    assert found.by == "order"
    assert found.remarks[0].startswith("Not one name fits (there is `0.weight`, and the net's own module would have "
                                       "`conv1.weight`)")
    assert "Not one name fits" in str(found)


def test_counters_and_other_names_of_a_tensor_are_passed_over():
    net, tensors = fresh(NORMALIZED), {"positions": torch.arange(5), **elsewhere().state_dict()}
    found = from_torch({**tensors, "tied": tensors["6.weight"]}, net, by="order")
    assert found.taken.keys() == {name for name in tensors if "num_batches" not in name and name != "positions"}


def test_by_order_of_a_module_of_to_torch_too():
    old, net = fresh(NORMALIZED), fresh(NORMALIZED, 2)
    tensors = to_torch(old).state_dict()
    found = from_torch({f"{at}.{name}": tensor for at, (name, tensor) in enumerate(tensors.items())}, net)
    del old.params["bn1"], old.params["bn2"]
    assert found.by == "order" and blobs_of(old).items() <= blobs_of(net).items()


def test_lengths_of_1_do_not_matter():
    module, net, other = elsewhere(), fresh(NORMALIZED), fresh(NORMALIZED, 2)
    tensors = {name: tensor for name, tensor in module.state_dict().items() if "num_batches" not in name}
    from_torch(tensors, net, by="order")
    tensors["3.weight"], tensors["6.bias"] = tensors["3.weight"].reshape(4, 4), tensors["6.bias"].reshape(1, 1, 5)
    from_torch(tensors, other, by="order")
    assert blobs_of(net) == blobs_of(other)


def test_every_mismatch_is_told_and_nothing_is_changed():
    net = fresh(NORMALIZED)
    before = blobs_of(net)
    tensors = to_torch(net).state_dict()
    del tensors["conv2.bias"], tensors["bn2.running_mean"]
    tensors.update({"fc.weight": torch.zeros(5, 63), "fc.bias": torch.arange(5), "head.weight": torch.zeros(2, 3)})
    first, *others = refusal(tensors, net)
    assert first == ('net.prototxt: the state_dict does not fit the net by names, and nothing is changed. by="order" '
                     "(--by order) would take them by order and shape.")
    assert others == [
        "Parameter 1 of layer `conv2`, (4), gets no tensor; in the net's own module it is `conv2.bias`.",
        "Parameter 0 of layer `bn2`, (4), gets no tensor; in the net's own module it is `bn2.running_mean`.",
        "The tensor `fc.weight` is (5, 63), and parameter 0 of layer `fc` is (5, 64).",
        ("The tensor `fc.bias` is of the type torch.int64 and layout torch.strided; parameter 1 of layer `fc` takes "
         "dense ones of floating point."),
        "Nothing takes the tensor `head.weight`, (2, 3)."]
    assert blobs_of(net) == before


def test_not_strict_takes_what_fits_and_lists_the_rest():
    old, net = fresh(NORMALIZED), fresh(NORMALIZED, 2)
    before, tensors = blobs_of(net), to_torch(old).state_dict()
    tensors["fc.weight"], tensors["head"] = torch.zeros(5, 63), torch.zeros(2)
    found = from_torch(tensors, net, strict=False)
    assert (found.left, found.missing) == (["fc.weight", "head"], ["parameter 0 of layer `fc`"])
    assert str(found).splitlines()[1:] == ["Left: fc.weight, head.", "Missing: parameter 0 of layer `fc`."]
    assert blobs_of(net) == {**blobs_of(old), "fc[0]": before["fc[0]"]}


def test_by_order_with_another_last_layer():
    net = fresh(NORMALIZED)
    before = blobs_of(net)
    assert refusal(elsewhere(7), net, by="order")[1:] == [
        "The tensor `6.weight` is (7, 64), and parameter 0 of layer `fc` is (5, 64).",
        "The tensor `6.bias` is (7), and parameter 1 of layer `fc` is (5)."]
    assert blobs_of(net) == before
    found = from_torch(elsewhere(7), net, by="order", strict=False)
    assert found.left == ["6.weight", "6.bias"] and len(found.taken) == 11


def test_by_order_with_other_layers_what_is_before_the_first_that_differs_fits():
    module, net = elsewhere(), fresh(NORMALIZED)
    module[3] = nn.Conv2d(4, 4, 1, bias=False)
    first, *others = refusal(module, net)
    assert first == "net.prototxt: the module Sequential does not fit the net by order, and nothing is changed."
    assert others[0].startswith("Not one name fits")
    assert others[1].startswith("The net's parameters would be 13 tensors, and there are 12")
    found = from_torch(module, net, by="order", strict=False)
    assert found.taken["3.weight"] == "parameter 0 of layer `conv2`" and "6.weight" in found.left


@pytest.mark.parametrize("outputs", [4, 5])
def test_by_order_a_square_that_may_be_transposed_is_refused(outputs):
    net = fresh(TRANSPOSED.replace("OUT", str(outputs)))
    tensors = {"a": torch.rand(4, 108), "b": torch.rand(4, outputs)}
    if outputs == 4:
        assert "may be transposed" in refusal(tensors, net, by="order")[-1]
    else:
        from_torch(tensors, net, by="order")
        assert refusal({**tensors, "b": tensors["b"].t()}, net, by="order")[1:] == [
            "The tensor `b` is (5, 4), and parameter 0 of layer `fc2` is (4, 5)."]


def test_a_shared_parameter_gets_one_value():
    text = INPUT + "".join(f'layer {{ name: "{name}" type: "InnerProduct" bottom: "data" top: "{name}" '
                           'param { name: "w" } inner_product_param { num_output: 2 } }\n'
                           for name in ("one", "two"))
    net = fresh(text)
    tensors = to_torch(net).state_dict()
    tensors["two.weight"] = tensors["two.weight"] + 1
    assert refusal(tensors, net)[1] == (
        "Parameter 0 of layer `two` is shared, and of `two.weight`, `two.bias` it would get other values than of the "
        "tensors before; make them the same.")
    del tensors["one.weight"]
    from_torch(tensors, net)
    assert np.array_equal(net.params["one"][0].data, tensors["two.weight"].numpy())


@pytest.mark.parametrize("given, sentence", [
    (3, "A builtins.int is given where an nn.Module"),
    ({}, "it holds no tensors"),
    ({"a": 3}, "under `a` it holds a int, which is no tensor"),
    ({1: torch.ones(2)}, "it holds a tensor under 1, which is no name"),
    ({"a": {"x": torch.ones(1)}, "b": {"y": torch.ones(1)}}, r"several state_dicts \(a, b\)"),
    ({"conv1.weight": torch.ones(4, 3, 3, 3, device="meta")}, "is without values")])
def test_what_is_no_state_dict(given, sentence):
    with pytest.raises(InputError, match=sentence):
        from_torch(given, fresh(NORMALIZED))


@pytest.mark.parametrize("name", ["net.pth", "net.safetensors", "missing.pth", "missing.safetensors", "module.pt",
                                  "list.pt"])
def test_files_that_are_none(name, tmp_path):
    if name.endswith(".safetensors"):
        pytest.importorskip("safetensors", reason="safetensors is not here: pip install cae-caffe[safetensors]")
    (tmp_path / "net.pth").write_bytes(b"hello world" * 9)
    (tmp_path / "net.safetensors").write_bytes(b"hello world" * 9)
    torch.save(elsewhere(), tmp_path / "module.pt")
    torch.save([1, 2], tmp_path / "list.pt")
    wanted = {"net.pth": "no whole file of torch.save", "net.safetensors": "no whole safetensors file",
              "module.pt": r"more than tensors \(torch.nn.modules", "list.pt": "it holds a list"}
    with pytest.raises(InputError, match=f"{name}: .*{wanted.get(name, 'No such file')}"):
        from_torch(tmp_path / name, fresh(NORMALIZED))


def test_a_safetensors_file_has_no_order(tmp_path):
    save_file = pytest.importorskip("safetensors.torch", reason="safetensors is not here: pip install "
                                    "cae-caffe[safetensors]").save_file
    save_file({"x": torch.ones(2)}, str(tmp_path / "net.safetensors"))
    for by in ("order", "names"):
        assert "does not keep the order" in refusal(tmp_path / "net.safetensors", fresh(NORMALIZED), by=by)[0]


def test_by_is_one_of_two():
    assert refusal({}, fresh(NORMALIZED), by="nmaes") == [
        '`by` is \'nmaes\'; it must be "names" or "order".']
