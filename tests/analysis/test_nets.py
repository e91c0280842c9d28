"""Opening a net with its graph."""

from __future__ import annotations

import pytest
from small_autoencoder import SmallAutoencoder

from cae_caffe import load_backend, schema
from cae_caffe.analysis.nets import open_graph

pytest.importorskip("torch", reason="the embedded engine needs PyTorch")


def test_the_graph_and_the_embedded_net_are_made_of_one_reading(tmp_path, monkeypatch):
    model, read, names = SmallAutoencoder(tmp_path), schema.read_net_with_lines, []
    monkeypatch.setattr(schema, "read_net_with_lines", lambda path: names.append(str(path)) or read(path))
    net, graph = open_graph(load_backend("torch"), model.net, model.weights)
    assert names == [str(model.net)]
    assert [node.name for node in graph.nodes] == list(net.layer_dict)
    assert (graph.nodes[1].weights[0].array == model.parameters["conv1"][0]).all()
