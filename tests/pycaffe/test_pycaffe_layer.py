"""Layers as pycaffe shows them, and as users derive their own from them."""

from __future__ import annotations

import numpy as np
import pytest
import two_engines

from cae_caffe import InputError, pycaffe
from cae_caffe.engine import log

NET = """
layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 4
  weight_filler { type: "xavier" } } }
layer { name: "bend" type: "Sigmoid" bottom: "y" top: "z" }
"""


@pytest.fixture
def path(tmp_path):
    (tmp_path / "net.prototxt").write_text(NET)
    return str(tmp_path / "net.prototxt")


@pytest.fixture
def net(path, monkeypatch):
    monkeypatch.setattr(log, "_minimum", log.LEVELS["ERROR"])
    return pycaffe.Net(path, pycaffe.TEST)


def _layers(caffe, path):
    net = caffe.Net(path, caffe.TEST)
    ip = net.layer_dict["ip"]
    bottom, top = (getattr(caffe._caffe, "RawBlobVec", list)() for _ in range(2))      # real Caffe takes no lists
    bottom.append(net.blobs["x"])
    top.append(net.blobs["y"])
    before = ip.blobs[0].data.copy()
    ip.setup(bottom, top)
    bottom[0].reshape(5, 3)
    ip.reshape(bottom, top)
    slices = [blob.count for blob in ip.blobs[1:]]
    return (len(ip.blobs), ip.type, [layer.type for layer in net.layers], list(net.params), slices,
            bool(np.array_equal(before, ip.blobs[0].data)), list(top[0].shape), ip.blobs[-1].count)


def test_layers_are_real_caffes(path, real_caffe):
    theirs, ours = two_engines.on_both(real_caffe, _layers, path=path)
    assert ours == theirs


def test_a_layer_whose_parameters_grow(net):
    blobs = net.layer_dict["bend"].blobs
    blobs.add_blob(2, 3)
    blobs.append(net.blobs["x"])
    blobs[0].data[...] = 5
    assert [blob.shape for blob in net.layer_dict["bend"].blobs] == [(2, 3), (2, 3)]
    assert (net.layer_dict["bend"].blobs[0].data == 5).all()
    blobs[0] = net.blobs["z"]
    del blobs[1]
    assert [blob.shape for blob in blobs] == [(2, 4)]


def test_a_python_layer_makes_its_parameters(net):
    class Weighted(pycaffe.Layer):
        def setup(self, bottom, top):
            self.blobs.add_blob(3)
            self.blobs[0].data[...] = self.start

    class Engine:        # what a Python layer is built around
        type, name = "Python", "mine"

        def __init__(self):
            self.blobs = []

    engine = Engine()
    layer = Weighted(engine)
    layer.start = 7
    layer.setup([], [])
    assert engine.blobs[0].data.tolist() == [7, 7, 7] and len(layer.blobs) == 1
    with pytest.raises(InputError, match="layer `mine` has no method `reshape`; write one in its class Weighted"):
        layer.reshape([], [])
