"""The source that to_torch runs: what it looks like, and that it is what runs."""

from __future__ import annotations

import copy
import inspect
import pickle

import pytest
import torch
from conformance import Case, values
from torch_judge import engine_run, hold, refused

from cae_caffe import to_torch

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
