"""Nets on their way to PyTorch and back: cases whose parameters are of all kinds, and fresh nets that get them."""

from __future__ import annotations

import exported_nets
import numpy as np
import pytest
from conformance import Case, values
from google.protobuf import text_format

from cae_caffe import pycaffe, schema
from cae_caffe.engine import log


def _shared(layer: str, options: str = "", params: int = 2, more: str = "") -> str:
    """Two layers of one type, one behind the other, that share their parameters."""
    shares = " ".join(f'param {{ name: "p{number}" {more} }}' for number in range(params))
    return "".join(f'layer {{ name: "{name}" type: "{layer}" bottom: "{bottom}" top: "{name}" {shares} {options} }}\n'
                   for name, bottom in (("one", "data"), ("two", "one")))


IMAGES = values(2, 4, 6, 6)
STEPS = {"x": values(3, 2, 4), "cont": np.ones((3, 2), np.float32)}
RECURRENT = 'bottom: "x" bottom: "cont" top: "top0" recurrent_param { num_output: 3 weight_filler { type: "uniform" } }'
CASES = {
    "Deconvolution with groups": Case(
        'type: "Deconvolution" convolution_param { num_output: 6 group: 2 kernel_h: 3 kernel_w: 2 }', [IMAGES]),
    "convolution without spatial axes": Case('type: "Convolution" convolution_param { num_output: 3 axis: 1 '
                                             'kernel_size: 1 }', [values(2, 4, 5)]),
    "InnerProduct with transpose": Case(
        'type: "InnerProduct" inner_product_param { num_output: 5 transpose: true }', [values(2, 4)]),
    "PReLU": Case('type: "PReLU"', [IMAGES]),
    "PReLU of one slope": Case('type: "PReLU" prelu_param { channel_shared: true }', [IMAGES]),
    "Scale of several axes": Case('type: "Scale" scale_param { axis: 1 num_axes: 2 bias_term: true }', [IMAGES]),
    "Scale of a number": Case('type: "Scale" scale_param { num_axes: 0 }', [IMAGES]),
    "Bias": Case('type: "Bias" bias_param { axis: 2 }', [IMAGES]),
    "Embed": Case('type: "Embed" embed_param { input_dim: 5 num_output: 3 }', [np.float32([[1, 4], [0, 2]])]),
    "LSTM": Case(f'layer {{ name: "lstm" type: "LSTM" {RECURRENT} }}', STEPS),
    "RNN": Case(f'layer {{ name: "rnn" type: "RNN" {RECURRENT} }}', STEPS),
    "Parameter": Case('layer { name: "free" type: "Parameter" top: "free" parameter_param { shape { dim: 2 dim: 3 } } }'
                      'layer { name: "sum" type: "Eltwise" bottom: "data" bottom: "free" top: "sum" }',
                      {"data": values(2, 3)}),
    "BatchNorm": Case('type: "BatchNorm"', [IMAGES]),
    "BatchNorm of many axes": Case('type: "BatchNorm" batch_norm_param { use_global_stats: true }',
                                   [values(2, 4, 3, 1, 1, 2)]),
    "shared BatchNorm": Case(_shared("BatchNorm", params=3, more="lr_mult: 0"), {"data": IMAGES}),
    "shared InnerProduct": Case(_shared("InnerProduct", "inner_product_param { num_output: 4 }"),
                                {"data": values(2, 4)}),
    "shared weights, biases of their own": Case(_shared("InnerProduct", "inner_product_param { num_output: 4 }", 1),
                                                {"data": values(2, 4)}),
    "BN": Case('type: "BN" bn_param { bn_mode: INFERENCE }', [IMAGES]),
    "BN with averages": Case('type: "BN" bn_param { slope_filler { value: 1 } momentum: 0.9 }', [IMAGES]),
    "MultiStageMeanfield": Case('type: "MultiStageMeanfield" multi_stage_meanfield_param { num_iterations: 1 }',
                                [values(1, 2, 3, 4), values(1, 2, 3, 4), values(1, 3, 3, 4)]),
    "Mean, which has constants": Case(
        'layer { name: "mean" type: "Mean" bottom: "data" top: "mean" mean_param { operation: SUBTRACT value: 1 } }'
        'layer { name: "fc" type: "InnerProduct" bottom: "mean" top: "fc" inner_product_param { num_output: 2 } }',
        {"data": IMAGES}),
    "Normalize": Case('type: "Normalize" norm_param { }', [IMAGES]),
}
NAMES = [*CASES, "LeNet", "residual", "siamese", "cae2-n10"]


def net_of(name: str, seed: int = 1) -> pycaffe.Net:
    """A net of CASES or of exported_nets, whose parameters are random, other ones for each seed."""
    case = CASES.get(name) or exported_nets.example(name)
    return fresh(case.prototxt, seed)


def fresh(prototxt: str, seed: int = 1) -> pycaffe.Net:
    """The net of a prototxt's text in phase TEST with random parameters; the factors of BatchNorm are above 1."""
    message = schema.NetParameter()
    text_format.Parse(prototxt, message)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log, "_minimum", log.LEVELS["ERROR"])
        net = pycaffe.Net.from_message(message, [None] * len(message.layer), "net.prototxt", pycaffe.TEST)
    random = np.random.RandomState(seed)
    factors = {blobs[2].data.ctypes.data for layer in message.layer if layer.type == "BatchNorm"
               for blobs in [net.params[layer.name]]}
    for blobs in net.params.values():
        for blob in blobs:
            blob.data[...] = random.uniform(0.1, 1, blob.data.shape) + 2 * (blob.data.ctypes.data in factors)
    return net


def blobs_of(net: pycaffe.Net) -> dict[str, bytes]:
    """The bytes of all parameters, by layer and number."""
    return {f"{name}[{number}]": np.array(blob.data).tobytes() for name, blobs in net.params.items()
            for number, blob in enumerate(blobs)}


def run(net: pycaffe.Net, inputs) -> np.ndarray:
    """The net's only output for arrays by the inputs' names."""
    for name, array in inputs.items():
        net.blobs[name].reshape(*array.shape)
        net.blobs[name].data[...] = array
    return np.array(next(iter(net.forward().values())))
