"""A graph bound to a net, of either engine: shapes, arrays, loss weights and parameters are the net's."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
from net_zoo import INPUT, NETS, PAIR, SHARED, ip, layer
from two_engines import on_embedded, on_real

from cae_caffe import InputError
from cae_caffe.graph import bind, read_graph, without_splits

PERMISSIVE = (PAIR + ip("one", "x", outputs=6, more='param { name: "w" }')
              + ip("two", "one", outputs=5, more='param { name: "w" share_mode: PERMISSIVE }'))


def walk(caffe, path, phase):
    """All that a bound graph tells of a net, which is compared with what pycaffe tells."""
    from cae_caffe.graph import bind, read_graph
    net = caffe.Net(path, getattr(caffe, phase))
    graph = bind(read_graph(path, phase), net)
    blobs = [(blob.name, blob.shape, blob.loss_weight) for blob in graph.blobs]
    wanted = [(name, tuple(blob.shape), float(weight))
              for name, blob, weight in zip(net._blob_names, net._blobs, net._blob_loss_weights)]
    weights = [[weight.shape for weight in node.weights] for node in graph.nodes]
    ends = [[value.blob.number for value in values] for values in (graph.inputs, graph.outputs)]
    agree = (blobs == wanted and weights == [[tuple(blob.shape) for blob in layer.blobs] for layer in net.layers]
             and ends == [list(net._inputs), list(net._outputs)])
    owners = [(weight.layer, weight.owner.layer) for node in graph.nodes for weight in node.weights if weight.owner]
    return agree, blobs, owners


def walk_all(caffe, names):
    return {name: walk(caffe, f"{number}.prototxt", "TRAIN") for number, name in enumerate(names)}


@pytest.fixture
def zoo(tmp_path):
    """The folder of all nets of the zoo, by number."""
    for number, text in enumerate(NETS.values()):
        (tmp_path / f"{number}.prototxt").write_text(text, encoding="utf-8")
    return tmp_path


def test_graphs_agree_with_all_nets_of_the_zoo(zoo):
    pytest.importorskip("torch", reason="the embedded engine needs PyTorch")
    found = on_embedded(walk_all, zoo, names=list(NETS))
    assert [name for name, (agree, _, _) in found.items() if not agree] == []
    assert found["shared params"][2] == [("two", "one"), ("two", "one")]
    assert found["shared permissively"][2] == [("two", "one")]
    assert found["named but not shared"][2] == []
    assert ("(automatic)", (), 1.0) in found["anonymous tops"][1]


def test_graphs_agree_with_real_caffes_nets(real_caffe, zoo):
    real = on_real(real_caffe, walk_all, zoo, uses=[walk], names=list(NETS))
    assert [name for name, (agree, _, _) in real.items() if not agree] == []
    assert real["anonymous tops"][1][-1][0] == "(automatic)"


@pytest.fixture
def pycaffe(monkeypatch):
    pytest.importorskip("torch", reason="the embedded engine needs PyTorch")
    from cae_caffe import pycaffe
    from cae_caffe.engine import log
    monkeypatch.setattr(log, "_minimum", log.LEVELS["ERROR"])
    return pycaffe


@pytest.fixture
def opened(pycaffe, tmp_path):
    """Return the embedded net of a text and its graph, bound."""
    def open_both(text, phase="TEST"):
        path = tmp_path / "net.prototxt"
        path.write_text(text, encoding="utf-8")
        net = pycaffe.Net(str(path), getattr(pycaffe, phase))
        return net, bind(read_graph(path, phase), net)
    return open_both


def test_arrays_are_the_nets_own(opened):
    net, graph = opened(INPUT + ip("one", "x"))
    weight, bias = graph.nodes[1].weights
    net.params["one"][0].data[...] = 3
    np.testing.assert_array_equal(weight.array, np.full((5, 48), 3))
    assert (weight.count, bias.shape, weight.layer, weight.index, bias.index) == (240, (5,), "one", 0, 1)
    net.blobs["x"].reshape(7, 3, 4, 4)
    net.reshape()
    assert graph.finals["one"].blob.shape == (7, 5)
    assert graph.blobs[0].row_size == 48


def test_a_shared_parameter_has_an_earlier_one_as_owner(opened):
    _, graph = opened(PAIR + ip("one", "x", more=SHARED) + ip("two", "one", more='param { name: "w" }'))
    (w, b), (w_again, own) = graph.nodes[1].weights, graph.nodes[2].weights
    assert w_again.owner is w and w.owner is b.owner is own.owner is None
    assert (w.name, b.name, own.name) == ("w", "b", "")


def test_what_binds_twice_is_the_same(opened):
    net, graph = opened(PERMISSIVE)
    weights = [list(node.weights) for node in graph.nodes]
    bind(graph, net)
    assert [node.weights for node in graph.nodes] == weights
    assert graph.nodes[2].weights[0].owner is graph.nodes[1].weights[0]


def test_without_splits_everything_is_bound_as_well(opened):
    _, graph = opened(NETS["in place, then two consumers"])
    plain = without_splits(graph)
    assert [value.blob.shape for value in plain.nodes[-1].inputs] == [(2, 5)]
    assert [len(node.weights) for node in plain.nodes] == [0, 2, 0, 2, 2]


def test_a_pycaffe_net_has_its_graph(opened):
    net, _ = opened(NETS["in place, then two consumers"])
    graph = net.graph
    assert [node.type for node in graph.nodes] == ["Input", "InnerProduct", "ReLU", "InnerProduct", "InnerProduct"]
    assert graph.nodes[1].weights[0].array is not None and graph.nodes[1].weights[0].array.shape == (5, 48)
    assert isinstance(graph.nodes[1].weights[0].array, np.ndarray)
    assert graph.nodes[1].place.endswith("net.prototxt:2)")


@pytest.mark.parametrize("other, message", [
    (INPUT, r"net\.prototxt: the net has 1 layers, and its definition gives 2"),
    (INPUT + ip("two", "x"), r"layer `one` .*:2\): the net has layer `two` \(type InnerProduct\) in its place"),
    (INPUT + layer("Input", "one", (), ["one"], "input_param { shape { dim: 2 } }"), "type Input"),
], ids=["number", "name", "type"])
def test_another_net_is_refused(other, message, opened):
    net, _ = opened(other)
    with open(str(net.graph.file), "w", encoding="utf-8") as file:
        file.write(INPUT + ip("one", "x"))
    with pytest.raises(InputError, match=message):
        bind(read_graph(net.graph.file, "TEST"), net)


def test_another_wiring_is_refused(opened):
    net, _ = opened(PAIR + ip("one", "x") + ip("two", "y"))
    with open(str(net.graph.file), "w", encoding="utf-8") as file:
        file.write(PAIR + ip("one", "y") + ip("two", "x"))
    with pytest.raises(InputError, match=r"layer `one` .*:2\): the net has a layer from blobs \[0\] to \[2\] in its"):
        bind(read_graph(net.graph.file, "TEST"), net)


def test_a_net_that_is_dropped_is_gone_at_once(opened):
    net, graph = opened(NETS["in place, then two consumers"])
    plain = without_splits(graph)
    value, memory = plain.nodes[1].outputs[0], weakref.ref(net.blobs["x"])
    assert value.consumers[0].name == "bend"
    gc.disable()
    try:
        del net, graph, plain
        assert memory() is None
    finally:
        gc.enable()
    with pytest.raises(ReferenceError, match="keep the graph"):
        _ = value.producer
