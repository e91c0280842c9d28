"""Encoding goes by the numbers of layers, not by their names."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from small_autoencoder import write_images

from cae_caffe import load_backend, schema
from cae_caffe.running.encode import encode

NET = """
layer { name: "in" type: "Input" top: "data" input_param { shape { dim: 1 dim: 1 dim: 6 dim: 5 } } }
layer { name: "half" type: "Power" bottom: "data" top: "a" power_param { scale: 0.5 } }
layer { name: "half" type: "Power" bottom: "a" top: "b" power_param { scale: 0.5 } }
layer { name: "two" type: "InnerProduct" bottom: "b" top: "two" inner_product_param { num_output: 2 } }
"""


def test_a_blob_of_the_second_of_two_layers_of_one_name_is_computed(tmp_path, monkeypatch):
    pytest.importorskip("torch", reason="the embedded engine needs PyTorch")
    from cae_caffe.engine import log
    monkeypatch.setattr(log, "_minimum", log.LEVELS["ERROR"])
    (tmp_path / "net.prototxt").write_text(NET, encoding="utf-8")
    weights = schema.NetParameter()
    layer = weights.layer.add(name="two", type="InnerProduct")
    for shape in ((2, 30), (2,)):
        layer.blobs.add(shape=schema.BlobShape(dim=shape), data=np.zeros(shape).ravel())
    schema.write_binary(weights, tmp_path / "w.caffemodel")
    images = write_images(tmp_path)
    encode(load_backend("torch"), tmp_path / "net.prototxt", tmp_path / "w.caffemodel", tmp_path / "images.txt",
           tmp_path / "codes.h5", blob="b")
    with h5py.File(str(tmp_path / "codes.h5"), "r") as file:
        np.testing.assert_allclose(file["codes"][()], images.reshape(len(images), -1) / 4)
