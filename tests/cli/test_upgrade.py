"""`cae-caffe upgrade`: what Caffe's three tools make of old nets, weights and solvers."""

from __future__ import annotations

import pytest

from cae_caffe import schema
from cae_caffe.cli.main import main

NET = """name: "old" input: "x" input_dim: 1 input_dim: 1 input_dim: 4 input_dim: 4
layers { bottom: "x" top: "c" name: "c" type: CONVOLUTION blobs_lr: 1 blobs_lr: 2
  convolution_param { num_output: 2 kernel_size: 3 } }
layers { bottom: "c" top: "c" name: "r" type: RELU }"""
SOLVER = 'net: "n.prototxt" base_lr: 0.1 solver_type: ADAGRAD'


@pytest.mark.parametrize("tool, text", [("upgrade_net_proto_text", NET), ("upgrade_solver_proto_text", SOLVER)])
def test_prototxts_become_what_caffes_tools_make_of_them(tool, text, tmp_path, caffe_run):
    (tmp_path / "old").write_text(text)
    caffe_run([tool, "old", "real"], cwd=tmp_path)
    assert main(["upgrade", str(tmp_path / "old"), str(tmp_path / "ours")]) == 0
    assert (tmp_path / "ours").read_text() == (tmp_path / "real").read_text()


def test_weights_become_what_caffes_tool_makes_of_them(tmp_path, caffe_run):
    net = schema.parse_text(NET, schema.NetParameter)
    net.layers[0].blobs.add(num=2, channels=1, height=3, width=3, data=range(18))
    schema.write_binary(net, tmp_path / "old.caffemodel")
    caffe_run(["upgrade_net_proto_binary", "old.caffemodel", "real"], cwd=tmp_path)
    assert main(["upgrade", str(tmp_path / "old.caffemodel"), str(tmp_path / "ours")]) == 0
    ours, real = (schema.read_binary(tmp_path / name, schema.NetParameter) for name in ("ours", "real"))
    assert ours == real and len(ours.layer) == 3


def test_a_net_whose_comment_tells_of_its_solver(tmp_path):
    (tmp_path / "old").write_text("# trained with base_lr: 0.01\n" + NET)
    assert main(["upgrade", str(tmp_path / "old"), str(tmp_path / "new")]) == 0
    assert len(schema.read_net(tmp_path / "new").layer) == 3


@pytest.mark.parametrize("content, message", [
    (b"layers { nam: 'x' }", "nam"), (b"\x00\x01", "this is not a whole NetParameter"),
    (b"base_lr: 3 max_iters: 3", "max_iters")])
def test_what_is_neither_is_told(content, message, tmp_path, capsys):
    (tmp_path / "old").write_bytes(content)
    assert main(["upgrade", str(tmp_path / "old"), str(tmp_path / "new")]) == 2
    assert message in capsys.readouterr().err and not (tmp_path / "new").exists()
