"""The same Python gives the same prototxt here and in real Caffe."""

from __future__ import annotations

import caffes_own
import pytest

from cae_caffe import net_spec, schema
from cae_caffe.schema.layer_types import CAFFE_TYPES

# Each is run with Caffe's names for things, and leaves a NetParameter in `net`.
SPECS = {
    "lenet with its data": """
        n = NetSpec()
        n.data, n.label = L.Data(batch_size=64, backend=P.Data.LMDB, source="train_lmdb",
                                 transform_param=dict(scale=1. / 255), ntop=2)
        n.conv1 = L.Convolution(n.data, kernel_size=5, num_output=20, weight_filler=dict(type="xavier"))
        n.pool1 = L.Pooling(n.conv1, kernel_size=2, stride=2, pool=P.Pooling.MAX)
        n.ip1 = L.InnerProduct(n.pool1, num_output=500, weight_filler=dict(type="xavier"),
                               param=[dict(lr_mult=1), dict(lr_mult=2, decay_mult=0)])
        n.relu1 = L.ReLU(n.ip1, in_place=True)
        n.ip2 = L.InnerProduct(n.relu1, num_output=10)
        n.loss = L.SoftmaxWithLoss(n.ip2, n.label)
        net = n.to_proto()""",
    "names made from types": """
        data, label = L.DummyData(shape=[dict(dim=[2, 3, 8, 8]), dict(dim=[2, 1, 1, 1])], ntop=2)
        conv = L.Convolution(data, num_output=4, kernel_size=3)
        one = L.ReLU(conv, in_place=True)
        two = L.Convolution(one, num_output=4, kernel_size=[3, 3], pad=[1, 1])
        three = L.Convolution(one, num_output=4, kernel_size=3, pad=1)
        net = to_proto(L.EuclideanLoss(two, three), L.Accuracy(two, label))""",
    "some names given and some made": """
        n = NetSpec()
        n.data = L.Input(input_param=dict(shape=dict(dim=[1, 3, 5, 5])))
        hidden = L.InnerProduct(L.Sigmoid(n.data), num_output=3)
        n.out = L.TanH(hidden)
        n["other"] = L.Power(n.out, power=2, scale=0.5, shift=-1)
        net = n.to_proto()""",
    "a layer without tops, and one with several": """
        n = NetSpec()
        n.data = L.DummyData(shape=dict(dim=[4, 6]), data_filler=dict(type="gaussian", std=0.01))
        n.a, n.b = L.Slice(n.data, ntop=2, axis=1, slice_point=2)
        n.c = L.Eltwise(n.b, n.b, operation=P.Eltwise.SUM, coeff=[1, -0.5])
        n.silence = L.Silence(n.a, n.c, ntop=0)
        net = n.to_proto()""",
    "a layer without tops, of a top without a name": """
        n = NetSpec()
        n.quiet = L.Silence(L.DummyData(shape=dict(dim=[1])), ntop=0)
        net = n.to_proto()""",
    "fields of the layer itself": """
        n = NetSpec()
        n.data = L.Input(shape=[dict(dim=[1, 2])], include=dict(stage="a"))
        n.x = L.InnerProduct(n.data, num_output=1, loss_weight=2, propagate_down=True, phase=1, name="other",
                             exclude=[dict(phase=0, min_level=1), dict(not_stage=["b", "c"])])
        n.loss = L.SoftmaxWithLoss(n.x, n.x, loss_param=dict(ignore_label=1, normalization=P.Loss.VALID))
        net = n.to_proto()""",
    "lists of messages and of numbers": """
        n = NetSpec()
        n.d = L.DummyData(dummy_data_param=dict(shape=[dict(dim=[1, 2]), dict(dim=[3])],
                                                data_filler=[dict(type="constant", value=1.5)]), ntop=1)
        n.r = L.Reshape(n.d, reshape_param=dict(shape=dict(dim=[0, -1])), in_place=False)
        n.p = L.Python(n.r, module="m", layer="l", param_str="{'a': 1}")
        n.l = L.LRN(n.p, local_size=5, alpha=1e-4, beta=0.75, norm_region=P.LRN.WITHIN_CHANNEL)
        net = n.to_proto()""",
    "one top under two names": """
        n = NetSpec()
        n.a = n.b = L.Input(shape=dict(dim=[1]))
        n.c = L.Exp(n.a)
        net = n.to_proto()""",
}
REAL = """
import textwrap
import caffe
def main(spec):
    names = dict(L=caffe.layers, P=caffe.params, NetSpec=caffe.NetSpec, to_proto=caffe.to_proto)
    exec(textwrap.dedent(spec), names)
    return str(names["net"])
"""


def _run(source: str):
    names = {"L": net_spec.layers, "P": net_spec.params, "NetSpec": net_spec.NetSpec, "to_proto": net_spec.to_proto}
    exec("if True:" + source, names)
    return names["net"]


@pytest.mark.parametrize("title", SPECS)
def test_the_net_is_real_caffes(title, real_caffe):
    theirs = schema.parse_text(real_caffe(REAL, spec=SPECS[title]), schema.NetParameter)
    assert schema.format_text(_run(SPECS[title])) == schema.format_text(theirs)


def test_the_layer_types_are_those_that_real_caffe_registers(real_caffe):
    registered = real_caffe("import caffe\ndef main():\n    return list(caffe.layer_type_list())")
    assert sorted(CAFFE_TYPES) == sorted(registered)


def test_the_names_of_parameters_are_real_caffes(real_caffe):
    source = "import caffe\ndef main():\n    return caffe.net_spec.param_name_dict()"
    theirs = real_caffe(source)
    ours = net_spec.param_name_dict()
    own = {field.name for field in caffes_own.fields(schema.LayerParameter.DESCRIPTOR)}

    assert {name: stem for name, stem in ours.items() if f"{stem}_param" in own} == theirs
