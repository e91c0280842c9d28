"""Pictures of nets: their labels here, their drawing where pydot and Graphviz are."""

from __future__ import annotations

import shutil
import sys

import pytest

from cae_caffe import InputError, RunError, schema
from cae_caffe.pycaffe import TEST, TRAIN, draw

NET = """
name: "drawn"
layer { name: "data" type: "Data" top: "data" data_param { batch_size: 7 } include { phase: TRAIN } }
layer { name: "input" type: "Input" top: "data" include { phase: TEST } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
        convolution_param { num_output: 4 kernel_size: 3 pad: 1 } param { lr_mult: 1 } param { lr_mult: 2 } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer { name: "pool" type: "Pooling" bottom: "conv" top: "pool" pooling_param { pool: AVE kernel_size: 2 stride: 2 } }
layer { name: "ip" type: "InnerProduct" bottom: "pool" top: "ip" inner_product_param { num_output: 10 } }
"""


@pytest.fixture
def net():
    return schema.parse_net(NET)


def test_labels_are_real_caffes(net, real_caffe):
    """Real Caffe's module needs pydot only to draw."""
    source = ("import sys, types\nfrom google.protobuf import text_format\n"
              "def main(text):\n"
              "    sys.modules.setdefault('pydot', types.ModuleType('pydot'))\n"
              "    import caffe.draw as draw\n"
              "    net = caffe_pb2().NetParameter()\n"
              "    text_format.Merge(text, net)\n"
              "    return [(draw.get_layer_label(l, d, True), draw.get_edge_label(l),\n"
              "             draw.choose_color_by_layertype(l.type))\n"
              "            for l in net.layer for d in ('LR', 'TB')]\n"
              "def caffe_pb2():\n    from caffe.proto import caffe_pb2\n    return caffe_pb2\n")
    ours = [(draw.get_layer_label(layer, direction, True), draw.get_edge_label(layer),
             draw.choose_color_by_layertype(layer.type)) for layer in net.layer for direction in ("LR", "TB")]
    assert ours == real_caffe(source, text=NET)


def test_learning_rates_are_of_learning_layers(net):
    assert [draw.get_layer_lr_mult(net.layer[i]) for i in (2, 5)] == [(1, 2), (1, 1)]
    with pytest.raises(InputError, match="`relu` is of type ReLU; only Convolution, Deconvolution, InnerProduct"):
        draw.get_layer_lr_mult(net.layer[3])


def test_without_pydot_the_extra_is_named(net, monkeypatch):
    monkeypatch.setitem(sys.modules, "pydot", None)
    with pytest.raises(RunError, match=r"needs pydot and Graphviz; run .*cae-caffe\[draw\]"):
        draw.draw_net(net, "LR")


@pytest.mark.parametrize("phase, layers", [(None, 6), (TRAIN, 5), (TEST, 5)])
def test_the_graph_has_the_phases_layers(net, phase, layers):
    pytest.importorskip("pydot")
    graph = draw.get_pydot_graph(net, "LR", phase=phase)
    names = [node.get_name() for node in graph.get_nodes()]
    assert sum(name.startswith("layer") for name in names) == layers
    assert [name for name in names if "blob" in name] == ['"blob conv"', '"blob data"', '"blob ip"', '"blob pool"']
    assert (graph.get_name(), graph.get_rankdir()) == ("drawn", "LR")


def test_a_net_of_the_old_form_is_drawn():
    pytest.importorskip("pydot")
    old = schema.NetParameter()
    old.layers.add(name="sig", type=old.layers.add().SIGMOID, bottom=["a"], top=["b"])
    del old.layers[0]
    assert '(Sigmoid)' in draw.get_pydot_graph(old, "LR").to_string()


def test_the_text_for_graphviz_is_written(net, tmp_path):
    pytest.importorskip("pydot")
    draw.draw_net_to_file(net, str(tmp_path / "net.raw"), "TB")
    assert (tmp_path / "net.raw").read_text().startswith("digraph drawn {")


def test_a_picture_is_written(net, tmp_path):
    pytest.importorskip("pydot")
    if shutil.which("dot") is None:
        pytest.skip("Graphviz is not installed")
    draw.draw_net_to_file(net, tmp_path / "net.svg")
    assert "<svg" in (tmp_path / "net.svg").read_text()


def test_missing_graphviz_is_named(net, monkeypatch):
    pytest.importorskip("pydot")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(RunError, match=r"`dot` does not run .*install Graphviz"):
        draw.draw_net(net, "LR")
