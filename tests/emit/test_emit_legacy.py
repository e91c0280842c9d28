"""The 2015 dialect. That real Caffe upgrades it back is tested in test_emit_real_caffe.py."""

from cae_caffe.emit import Settings, model_files
from cae_caffe.models import PAPER

LEGACY = Settings(dialect="legacy")


def legacy(name):
    return model_files("cae1-n2", PAPER["cae1-n2"], LEGACY)[name]


def test_a_layer_in_v1_syntax():
    assert """\
layers {
  name: "conv1"
  type: CONVOLUTION
  bottom: "data"
  top: "conv1"
  blobs_lr: 1
  blobs_lr: 1
  weight_decay: 1
  weight_decay: 0
  convolution_param {
    num_output: 4
    kernel_size: 9
    weight_filler { type: "xavier" }
    bias_filler { type: "constant" }
  }
}
""" in legacy("train_test.prototxt")


def test_inputs_are_fields_of_the_net():
    assert 'name: "cae1-n2"\ninput: "data"\ninput_dim: 1\ninput_dim: 1\ninput_dim: 28\ninput_dim: 28\nlayers {\n' in (
        legacy("deploy.prototxt"))


def test_no_reshape():
    for name, text in model_files("cae1-n2", PAPER["cae1-n2"], LEGACY).items():
        assert "reshape" not in text.lower() and "ip1decodesh" not in text, name
    assert 'type: SIGMOID\n  bottom: "ip1decode"\n  top: "ip1decodesig"' in legacy("deploy.prototxt")


def test_the_solvers_type_is_an_enum_and_its_paths_are_the_legacy_ones():
    text = legacy("solver.prototxt")
    assert "\nsolver_type: SGD\n" in text and "\ntype:" not in text
    assert 'net: "prototxt/legacy/cae1-n2/train_test.prototxt"' in text
    assert 'snapshot_prefix: "prototxt/legacy/cae1-n2/cae1-n2"' in text
