"""What net_spec does beyond Caffe's own: aliases, values of more kinds, mistakes that show where they are made."""

from __future__ import annotations

import copy
import subprocess
import sys

import numpy as np
import pytest

from cae_caffe import InputError, net_spec, schema
from cae_caffe.net_spec import NetSpec, to_proto
from cae_caffe.net_spec import layers as L
from cae_caffe.net_spec import params as P


@pytest.fixture
def data():
    return L.Input(shape={"dim": [1, 3, 8, 8]})


def _last(top):
    return top.to_proto().layer[-1]


@pytest.mark.parametrize("layer_type, keywords, field", [
    ("Deconvolution", {"num_output": 3, "kernel_size": 2}, "convolution_param"),
    ("Im2col", {"kernel_size": 2}, "convolution_param"),
    ("SoftmaxWithLoss", {"ignore_label": 255, "normalize": False}, "loss_param"),
    ("SoftmaxWithLoss", {"axis": 2}, "softmax_param"),
    ("SigmoidCrossEntropyLoss", {"normalization": P.Loss.NONE}, "loss_param"),
    ("InfogainLoss", {"ignore_label": 1}, "loss_param"),
    ("InfogainLoss", {"source": "h.binaryproto"}, "infogain_loss_param"),
    ("LSTM", {"num_output": 5}, "recurrent_param"),
    ("RNN", {"num_output": 5}, "recurrent_param"),
    ("Data", {"mean_value": [1, 2]}, "transform_param"),
    ("ImageData", {"force_color": True}, "transform_param"),
])
def test_layers_of_other_names_than_their_parameters_take_keywords(data, layer_type, keywords, field):
    message = getattr(_last(getattr(L, layer_type)(data, **keywords)), field)
    assert {name.name for name, _ in message.ListFields()} == set(keywords)


def test_a_parameter_of_the_layers_own_message_goes_there_first(data):
    assert _last(L.Data(scale=0.5)).data_param.scale == 0.5


def test_enums_take_names_and_fields_take_tuples_arrays_and_messages(data):
    filler = schema.FillerParameter(type="msra")
    layer = _last(L.Convolution(data, num_output=np.int64(4), kernel_size=np.array([3, 5]), stride=(1, 2),
                                engine="CAFFE", weight_filler=filler)).convolution_param
    assert (layer.num_output, list(layer.kernel_size), list(layer.stride)) == (4, [3, 5], [1, 2])
    assert (layer.engine, layer.weight_filler.type) == (layer.CAFFE, "msra")


@pytest.mark.parametrize("make, message", [
    (lambda d: L.Convolution(d, kernel_sise=3), "layer has no parameter `kernel_sise` .did you mean `kernel_size`"),
    (lambda d: L.Deconvolution(d, numoutput=3), "did you mean `num_output`"),
    (lambda d: L.SoftmaxWithLoss(d, d, ignore_lable=3), "did you mean `ignore_label`"),
    (lambda d: L.ReLU(d, inplace=True), "did you mean `in_place`"),
    (lambda d: L.Convolution(d, weight_filler={"tipe": "xavier"}), "has no field `tipe` .did you mean `type`"),
    (lambda d: L.Pooling(d, pool="MAXX"), "`pool` is given 'MAXX'; it is one of MAX, AVE, STOCHASTIC"),
    (lambda d: P.Pooling.MXA, "PoolingParameter has no constant `MXA` .did you mean `MAX`"),
    (lambda d: P.Poling.MAX, "no parameters `Poling` .did you mean `Pooling`"),
])
def test_a_misspelt_name_is_an_attribute_error_with_a_proposal(data, make, message):
    with pytest.raises(net_spec.UnknownNameError, match=message) as caught:
        make(data)
    assert isinstance(caught.value, AttributeError) and isinstance(caught.value, InputError)


def test_a_type_that_caffe_lacks_is_written_with_a_warning(data):
    """As pycaffe writes it, without one: for the Caffe that has it."""
    with pytest.warns(UserWarning, match="no layer type `Convlution` .did you mean `Convolution`") as caught:
        layer = _last(L.Convlution(data, loss_weight=2, convolution_param={"num_output": 3}))
    assert caught[0].filename == __file__
    assert (layer.type, list(layer.loss_weight), layer.convolution_param.num_output) == ("Convlution", [2], 3)
    with pytest.warns(UserWarning, match="PSPNet"), \
            pytest.raises(net_spec.UnknownNameError, match=r"A DenseCRF layer .*PSPNet.* has no parameter `eps`"):
        L.DenseCRF(data, eps=1)


@pytest.mark.parametrize("make, field", [
    (lambda d: L.ReLU6(d, negative_slope=0.5), "relu6_param"), (lambda d: L.ReLU(d, negative_slope=0.5), "relu_param"),
    (lambda d: L.ConvolutionDepthwise(d, kernel_size=3), "convolution_param"),
    (lambda d: L.Interp(d, zoom_factor=2), "interp_param"),
])
def test_keywords_of_a_forks_layers_find_their_message(data, make, field):
    assert [name.name for name, _ in _last(make(data)).ListFields()][-1] == field


@pytest.mark.parametrize("make, message", [
    (lambda d: L.Convolution(d, num_output="many"), "`num_output` of ConvolutionParameter is given 'many'"),
    (lambda d: L.Convolution(d, weight_filler="xavier"), "`weight_filler` is given 'xavier'; it is a FillerParameter"),
    (lambda d: L.Silence((d, d), ntop=0), r"^Silence input 0 is not a Top \(type is <class 'tuple'>\)$"),
    (lambda d: setattr(NetSpec(), "data", (d, d)), "`data` is assigned .* which is not a Top"),
])
def test_a_value_of_the_wrong_kind_is_a_type_error(data, make, message):
    with pytest.raises(net_spec.WrongValueError, match=message) as caught:
        make(data)
    assert isinstance(caught.value, TypeError)


def test_a_missing_top_of_a_net_is_named(data):
    n = NetSpec()
    n.conv1 = data
    with pytest.raises(net_spec.UnknownNameError, match=r"no top `conv2` \(did you mean `conv1`"):
        _ = n.conv2
    assert not hasattr(n, "conv2")


def test_layers_of_another_caffe_can_be_added(data):
    net_spec.LAYER_TYPES.add("Interp")
    try:
        assert _last(L.Interp(data)).type == "Interp"
    finally:
        net_spec.LAYER_TYPES.remove("Interp")


def test_a_net_can_be_copied(data):
    n = NetSpec()
    n.data = data
    n.ip = L.InnerProduct(n.data, num_output=2)
    assert copy.deepcopy(n).to_proto() == n.to_proto()


def test_a_very_deep_net_can_be_written(data):
    top = data
    for _ in range(3000):
        top = L.ReLU(top)
    assert len(to_proto(top).layer) == 3001


def test_it_needs_no_torch():
    source = ("import sys; sys.modules['torch'] = None\nfrom cae_caffe.net_spec import layers as L\n"
              "assert L.Input(shape=dict(dim=[1])).to_proto().layer[0].type == 'Input'")
    assert subprocess.run([sys.executable, "-c", source], check=False).returncode == 0


def test_it_runs_in_real_caffes_python(real_caffe):
    source = ("from cae_caffe.net_spec import layers as L\n"
              "def main():\n"
              "    net = L.Deconvolution(L.Input(shape=dict(dim=[1])), num_output=3, kernel_size=2).to_proto()\n"
              "    return net.layer[1].convolution_param.num_output")
    assert real_caffe(source) == 3
