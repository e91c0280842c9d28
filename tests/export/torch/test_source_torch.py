"""The source that to_torch runs: what it looks like, and that it is what runs."""

from __future__ import annotations

import copy
import inspect
import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch
from conformance import Case, distinct, values, whole_numbers
from torch_judge import engine_run, hold, refused

from cae_caffe import pycaffe, schema, to_torch
from cae_caffe.export.deploy import deploy
from cae_caffe.export.torch.source import source

SMALL = '''
layer { name: "a/conv" type: "Convolution" bottom: "data" top: "a/conv"
        convolution_param { num_output: 2 kernel_size: 3 } }
layer { name: "relu" type: "ReLU" bottom: "a/conv" top: "a/conv" }
layer { name: "drop" type: "Dropout" bottom: "a/conv" top: "drop" }
layer { name: "fc" type: "InnerProduct" bottom: "drop" top: "fc"
        inner_product_param { num_output: 3 bias_term: false } }
'''
CLASS = '''\
    def __init__(self):
        super().__init__()
        self.a_conv = nn.Conv2d(1, 2, 3)
        self.relu = nn.ReLU()
        self.drop = nn.Dropout(0.5)
        self.fc = nn.Linear(32, 3, bias=False)

    def forward(self, data):
        a_conv = self.a_conv(data)
        a_conv = self.relu(a_conv)
        drop = self.drop(a_conv)
        fc = self.fc(drop.flatten(1))
        return fc
'''


def small():
    return Case(SMALL, {"data": values(2, 1, 6, 6)})


def test_a_net_is_a_class_as_one_would_write_it():
    module = hold(small())
    assert CLASS in inspect.getsource(type(module))
    assert list(module.state_dict()) == ["a_conv.weight", "a_conv.bias", "fc.weight"]
    assert not module.training


def test_the_same_net_is_the_same_class_and_can_be_copied_and_pickled():
    net, _ = engine_run(small(), False)
    module, other = to_torch(net), to_torch(net)
    assert type(module) is type(other)
    data = torch.from_numpy(values(3, 1, 6, 6))
    for same in (other, copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert torch.equal(same(data), module(data))


def test_a_mask_has_its_blobs_name_and_the_default_is_not_said():
    text = '''
layer { name: "pool" type: "Pooling" bottom: "data" top: "pool" top: "mask" pooling_param { kernel_size: 2 stride: 2 } }
layer { name: "back" type: "Upsample" bottom: "pool" bottom: "mask" top: "back" upsample_param { scale: 2 } }
layer { name: "twice" type: "Upsample" bottom: "back" top: "twice" upsample_param { scale: 2 } }
'''
    source = inspect.getsource(type(hold(Case(text, {"data": distinct(2, 1, 6, 6)}))))
    assert "self.twice = nn.Upsample(scale_factor=2)\n" in source
    assert '''
        pool, mask = self.pool(data)
        mask = mask.float()
        back = self.back(pool, mask.long())
''' in source


def test_a_net_without_modules_has_no_init():
    text = 'layer { name: "sum" type: "Eltwise" bottom: "a" bottom: "b" top: "sum" }'
    assert "__init__" not in inspect.getsource(type(hold(Case(text, {"a": values(2, 3), "b": values(2, 3)}))))


def test_weights_are_copies():
    net, _ = engine_run(small(), False)
    module = to_torch(net)
    before = module.fc.weight.detach().clone()
    net.params["fc"][0].data[...] = 0
    assert torch.equal(module.fc.weight, before)


def test_tracebacks_show_the_line():
    net, _ = engine_run(small(), False)
    with pytest.raises(RuntimeError) as caught:
        to_torch(net)(torch.zeros(1, 2, 6, 6))
    assert "a_conv = self.a_conv(data)" in {str(entry.statement).strip() for entry in caught.traceback}


def test_dropout_drops_in_train_mode():
    net, _ = engine_run(small(), False)
    module = to_torch(net).train()
    data = torch.from_numpy(values(2, 1, 6, 6))
    assert not torch.equal(module(data), module(data))


def test_layers_that_share_all_parameters_are_one_module():
    text = "".join(f'layer {{ name: "{name}" type: "InnerProduct" bottom: "{bottom}" top: "{name}" '
                   'param { name: "w" } param { name: "b" } inner_product_param { num_output: 4 } }\n'
                   for name, bottom in (("one", "data"), ("two", "one")))
    module = hold(Case(text, {"data": values(2, 4)}))
    assert list(module.state_dict()) == ["one.weight", "one.bias"]


def test_layers_that_share_some_parameters_share_tensors():
    text = "".join(f'layer {{ name: "{name}" type: "InnerProduct" bottom: "{bottom}" top: "{name}" '
                   f'param {{ name: "w" }} inner_product_param {{ num_output: 4 transpose: {transpose} }} }}\n'
                   for name, bottom, transpose in (("one", "data", "false"), ("two", "one", "true")))
    module = hold(Case(text, {"data": values(2, 4)}))
    assert module.two.weight is module.one.weight
    assert len(list(module.parameters())) == 3


def test_a_parameter_that_is_shared_in_another_shape_is_refused():
    text = ('layer { name: "one" type: "InnerProduct" bottom: "data" top: "one" param { name: "w" } '
            'inner_product_param { num_output: 2 bias_term: false } }\n'
            'layer { name: "two" type: "InnerProduct" bottom: "one" top: "two" '
            'param { name: "w" share_mode: PERMISSIVE } inner_product_param { num_output: 4 bias_term: false } }')
    refused(Case(text, {"data": values(2, 4)}), "`two`.*shares the parameter `w` in another shape")


def test_several_inputs_and_outputs_in_the_nets_order():
    text = ('layer { name: "sum" type: "Eltwise" bottom: "b" bottom: "a" top: "z" '
            'eltwise_param { coeff: 2 coeff: -1 } }\n'
            'layer { name: "bent" type: "TanH" bottom: "a" top: "if" }')
    module = hold(Case(text, {"b": values(2, 3), "a": values(2, 3, seed=1)}))
    source = inspect.getsource(type(module))
    assert "def forward(self, b, a):\n        z = 2 * b - a\n" in source
    assert "return if_, z\n" in source and "if_: (2, 3), the blob `if`" in source


ODD = ["self", "torch", "nn", "F", "math", "itertools", "forward", "load", "train", "l", "O", "class", "None", "1x1",
       "torch.x", "F.x", "math.inf", "a b", "größe", "x/x", "x-x", "len", "super", "Path", "__init__", '"""', "{}",
       "\\", "a\nraise SystemExit", "'", '"); raise SystemExit  # ', "\u202e"]


def odd_net(title):
    """A chain of layers and tops with the names ODD; they share their weights, by turns the other way round."""
    message = schema.NetParameter(name=title)
    message.layer.add(name="x", type="Input", top=["x"]).input_param.shape.add(dim=[2, 4])
    for number, (bottom, name) in enumerate(zip(["x", *ODD], ODD)):
        layer = message.layer.add(name=name, type="InnerProduct", bottom=[bottom], top=[name])
        layer.param.add(name="w")
        layer.inner_product_param.CopyFrom(schema.InnerProductParameter(num_output=4, transpose=number % 2 == 1))
    return pycaffe.Net.from_message(message, [None] * len(message.layer), "net.prototxt", pycaffe.TEST)


@pytest.mark.parametrize("title", ["torch", "F", "value error", '"""; raise SystemExit', "\\", "{name}", "1", "Path",
                                   "l"])
def test_whatever_the_names_are_the_source_is_clean(title, tmp_path):
    """Names become identifiers or stand in docstrings, imports are those that are used, and nothing is hidden."""
    net = odd_net(title)
    found = source(deploy(net))
    path = tmp_path / f"{found.stem}.py"
    path.write_text(found.text, encoding="utf-8")
    # Ruff's own rules, of today and of long; lines of 120 letters and all quotes double as in the modules' source.
    for rules in ([], ["--select", "E4,E7,E9,F"], ["--select", "E,W,I,Q", "--line-length", "120"]):
        checked = subprocess.run([sys.executable, "-m", "ruff", "check", "--isolated", *rules, str(path)],
                                 capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stdout
    data = values(2, 4)
    with torch.no_grad():
        y = to_torch(net)(torch.from_numpy(data)).numpy()
    np.testing.assert_allclose(y, net.forward(x=data)[ODD[-1]], rtol=1e-5, atol=1e-7)


def test_what_compares_gives_numbers_of_the_modules_own_type():
    text = ('layer { name: "high" type: "Threshold" bottom: "data" top: "high" threshold_param { threshold: 0.1 } }\n'
            'layer { name: "fc" type: "InnerProduct" bottom: "high" top: "fc" inner_product_param { num_output: 2 } }')
    module = hold(Case(text, {"data": values(2, 3)}), gradients=False, reason="Threshold has none")
    assert module.double()(torch.from_numpy(values(2, 3)).double()).dtype == torch.float64


@pytest.mark.parametrize("bottoms, comparisons", [("aaa", 0), ("aab", 1), ("abba", 1), ("abcac", 2)])
def test_no_blob_is_compared_with_itself(bottoms, comparisons):
    words = " ".join(f'bottom: "{name}"' for name in bottoms)
    text = f'layer {{ name: "most" type: "Eltwise" {words} top: "most" eltwise_param {{ operation: MAX }} }}'
    inputs = {name: whole_numbers(4, 5, below=3, seed=number) for number, name in enumerate(sorted(set(bottoms)))}
    assert inspect.getsource(type(hold(Case(text, inputs)))).count("where") == comparisons


def test_modes_of_the_caller_are_not_the_modules():
    """Of default types and devices, and inference mode, in which nothing could be trained on later."""
    net, _ = engine_run(small(), False)
    wanted = to_torch(net).state_dict()
    try:
        torch.set_default_dtype(torch.float64)
        with torch.inference_mode(), torch.device("meta"):
            module = to_torch(net)
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)
    for name, tensor in module.state_dict().items():
        assert tensor.dtype == torch.float32 and torch.equal(tensor, wanted[name])
    module(torch.from_numpy(values(2, 1, 6, 6))).sum().backward()


def test_tops_that_nobody_reads_are_left_out():
    text = ('layer { name: "two" type: "Split" bottom: "data" top: "one" top: "other" }\n'
            'layer { name: "bent" type: "TanH" bottom: "one" top: "bent" }')
    net, _ = engine_run(Case(text, {"data": values(2, 3)}), False)
    text = source(deploy(net, ["bent"])).text
    assert "        one = data\n        bent = self.bent(one)\n        return bent\n" in text
