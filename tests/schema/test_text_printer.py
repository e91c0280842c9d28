"""Writing the text format: Caffe's style, the same bytes under every protobuf."""

from __future__ import annotations

import math

import pytest

from cae_caffe.schema import (
    TRAIN,
    BlobProto,
    Datum,
    FillerParameter,
    LayerParameter,
    NetParameter,
    SolverParameter,
    format_text,
    parse_text,
)

NET = """\
name: "n"
layer {
  name: "c"
  type: "Convolution"
  bottom: "data"
  top: "c"
  param {
    lr_mult: 1
    decay_mult: 0.5
  }
  param {
  }
  include {
    phase: TRAIN
    not_stage: "a\\'b\\"\\n"
  }
  convolution_param {
    num_output: 4
    bias_term: false
    kernel_size: 3
    kernel_size: 5
    weight_filler {
      type: "gaussian"
      std: 1e-05
    }
    engine: CAFFE
  }
}
"""


def a_net():
    net = NetParameter(name="n")
    layer = net.layer.add(name="c", type="Convolution", bottom=["data"], top=["c"])
    layer.param.add(lr_mult=1, decay_mult=0.5)
    layer.param.add()
    layer.include.add(phase=TRAIN, not_stage=["a'b\"\n"])
    layer.convolution_param.MergeFrom(parse_text("num_output: 4 bias_term: false kernel_size: [3, 5] engine: CAFFE",
                                                 type(layer.convolution_param)))
    layer.convolution_param.weight_filler.type = "gaussian"
    layer.convolution_param.weight_filler.std = 1e-5
    return net


def test_a_net_is_printed_in_caffes_style():
    assert format_text(a_net()) == NET


def test_caffe_prints_the_same(caffe_run, tmp_path):
    (tmp_path / "in").write_text(NET)

    caffe_run(["upgrade_net_proto_text", "in", "out"], cwd=tmp_path, env={"GLOG_minloglevel": "3"})

    assert (tmp_path / "out").read_text() == NET


def test_an_empty_message_is_no_text():
    assert format_text(LayerParameter()) == ""


@pytest.mark.parametrize("value, text", [
    (0.1, "0.1"), (1.0, "1"), (-0.0, "-0"), (0.0002, "0.0002"), (1e-8, "1e-08"), (1e10, "1e+10"), (123456.0, "123456"),
    (1 / 3, "0.33333334"), (16777216.0, "16777216"), (1234567.0, "1234567"), (1 / 255, "0.003921569"),
    ((2 - 2**-23) * 2.0**127, "3.4028235e+38"), (1e-45, "1.4013e-45"), (math.inf, "inf"), (-math.inf, "-inf"),
    (math.nan, "nan"),
])
def test_floats_are_printed_with_as_few_digits_as_read_back(value, text):
    assert format_text(FillerParameter(value=value)) == f"value: {text}\n"


@pytest.mark.parametrize("value, text", [
    (0.1, "0.1"), (1 / 3, "0.3333333333333333"), (1.0, "1"), (5e-324, "4.94065645841247e-324"),
])
def test_doubles_are_too(value, text):
    printed = format_text(BlobProto(double_data=[value]))

    assert printed == f"double_data: {text}\n"
    assert parse_text(printed, BlobProto).double_data[0] == value


def test_what_is_not_ascii_is_escaped():
    assert format_text(NetParameter(name="ü\t\x7f\\")) == 'name: "\\303\\274\\t\\177\\\\"\n'
    assert format_text(Datum(data=b"\xff\x000")) == 'data: "\\377\\0000"\n'


def test_values_equal_to_the_default_are_printed_if_set():
    solver = SolverParameter(snapshot_after_train=True, solver_mode=SolverParameter.GPU, random_seed=-1)

    assert format_text(solver) == "solver_mode: GPU\nrandom_seed: -1\nsnapshot_after_train: true\n"
