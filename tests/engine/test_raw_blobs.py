"""Weights as bytes of a stated precision, as OpenCV's shrinkCaffeModel and NVIDIA's Caffe write them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import opencv_judge
import pytest

from cae_caffe import pycaffe, schema
from cae_caffe.cli import main
from cae_caffe.engine.data_transformer import _read_mean
from cae_caffe.engine.solvers import state
from cae_caffe.errors import InputError
from cae_caffe.pycaffe import io

NET = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 dim: 6 dim: 5 } } }
layer { name: "conv" type: "Convolution" bottom: "x" top: "conv"
  convolution_param { num_output: 4 kernel_size: 3 weight_filler { type: "xavier" } bias_filler { value: 0.3 } } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer { name: "ip" type: "InnerProduct" bottom: "conv" top: "ip"
  inner_product_param { num_output: 5 weight_filler { type: "xavier" } bias_filler { value: -0.1 } } }
"""
DTYPES = {"FLOAT16": "<f2", "FLOAT": "<f4", "DOUBLE": "<f8"}


@pytest.fixture
def net(tmp_path, monkeypatch):
    """A net whose weights are in w.caffemodel, in the working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.prototxt").write_text(NET)
    pycaffe.set_random_seed(5)
    net = pycaffe.Net("net.prototxt", pycaffe.TEST)
    net.save("w.caffemodel")
    return net


def pack(source, target, kind, old=False):
    """Rewrite the weights as bytes, in `layers` blocks if `old`; return the arrays that they then are."""
    dtype, arrays = DTYPES[kind], {}
    written = schema.NetParameter()
    for layer in schema.read_weights(source).layer:
        packed = written.layers.add(name=layer.name) if old else written.layer.add(name=layer.name)
        for i, blob in enumerate(layer.blobs):
            values = (np.array(blob.data) / 3).astype(dtype)
            arrays[layer.name, i] = values.astype(np.float32).reshape(tuple(blob.shape.dim))
            packed.blobs.add(shape=blob.shape, raw_data_type=kind, raw_data=values.tobytes())
    schema.write_binary(written, target)
    return arrays


def assert_holds(net, arrays):
    assert len(arrays) == 4
    for (name, i), array in arrays.items():
        assert net.params[name][i].data.tobytes() == array.tobytes()


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("kind", DTYPES)
def test_bytes_are_values_of_their_type(kind, old, net):
    arrays = pack("w.caffemodel", "raw.caffemodel", kind, old)
    net.copy_from("raw.caffemodel")
    assert_holds(net, arrays)


@pytest.mark.skipif(not opencv_judge.is_here(), reason="OpenCV is not installed")
def test_a_net_that_opencv_shrank_gives_what_opencv_gives(net):
    import cv2

    cv2.dnn.shrinkCaffeModel("w.caffemodel", "small.caffemodel")
    before = net.params["conv"][0].data.copy()
    net.copy_from("small.caffemodel")
    assert not np.array_equal(before, net.params["conv"][0].data)
    assert np.array_equal(before.astype("<f2").astype(np.float32), net.params["conv"][0].data)
    images = np.random.RandomState(1).uniform(-1, 1, (2, 3, 6, 5)).astype(np.float32)
    net.blobs["x"].data[...] = images
    ours = net.forward()["ip"]
    judge = cv2.dnn.readNetFromCaffe("net.prototxt", "small.caffemodel")
    judge.enableFusion(False)
    judge.setInput(images)
    np.testing.assert_allclose(ours, judge.forward("ip"), atol=2e-6)


def damage(change):
    stored = schema.read_weights("w.caffemodel")
    blob = stored.layer[1].blobs[0]
    values = np.array(blob.data, "<f2").tobytes()
    blob.ClearField("data")
    blob.raw_data_type, blob.raw_data = 2, values
    change(blob)
    schema.write_binary(stored, "bad.caffemodel")


@pytest.mark.parametrize("change, rule", [
    (lambda blob: setattr(blob, "raw_data", blob.raw_data[:-1]), "holds 215 bytes as `raw_data`, which are no"),
    (lambda blob: setattr(blob, "raw_data", blob.raw_data[:-2]), r"of shape 4 3 3 3 \(108\) comes with 107 values"),
    (lambda blob: setattr(blob, "raw_data", b""), r"of shape 4 3 3 3 \(108\) comes with 0 values of data"),
    (lambda blob: blob.ClearField("raw_data_type"), "holds 216 bytes as `raw_data` without a `raw_data_type` that"),
    (lambda blob: (blob.ClearField("raw_data_type"), blob.MergeFromString(b"\x50\x09")),     # a number of no type
     "holds 216 bytes as `raw_data` without a `raw_data_type` that is known"),
    (lambda blob: setattr(blob, "raw_data_type", 3), "holds `raw_data` of the type INT, which no Caffe reads"),
])
def test_damaged_bytes_are_refused_by_file_layer_and_blob(change, rule, net):
    damage(change)
    with pytest.raises(InputError, match=f"Blob 0 of layer `conv` in the weights of bad.caffemodel {rule}"):
        net.copy_from("bad.caffemodel")


def test_upgraded_weights_are_caffes_own(net):
    arrays = pack("w.caffemodel", "raw.caffemodel", "FLOAT16", old=True)
    assert main.main(["upgrade", "raw.caffemodel", "plain.caffemodel"]) == 0
    stored = schema.read_weights("plain.caffemodel")
    assert not any(blob.HasField("raw_data") or blob.HasField("raw_data_type")
                   for layer in stored.layer for blob in layer.blobs)
    net.copy_from("plain.caffemodel")
    assert_holds(net, arrays)


def test_other_files_hold_bytes_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    mean = np.arange(90, dtype="<f2").reshape(1, 3, 6, 5)
    blob = schema.BlobProto(num=1, channels=3, height=6, width=5, raw_data_type=2, raw_data=mean.tobytes())
    assert np.array_equal(io.blobproto_to_array(blob), mean)
    schema.write_binary(blob, "mean.binaryproto")
    assert np.array_equal(_read_mean("mean.binaryproto"), mean[0])
    schema.write_binary(schema.SolverState(iter=2, history=[blob]), "s.solverstate")
    assert np.array_equal(state.read_binary("s.solverstate").history[0], mean)
    schema.write_binary(schema.SolverState(iter=2, history=[schema.BlobProto(raw_data=b"a", raw_data_type=2)]),
                        "s.solverstate")
    with pytest.raises(InputError, match=r"s\.solverstate: history blob 0 holds 1 bytes as `raw_data`"):
        state.read_binary("s.solverstate")


def test_blobs_in_a_nets_text_may_be_bytes(net):
    text = NET.replace("bias_filler { value: -0.1 } }", r"""} blobs { shape { dim: 5 dim: 48 } data: 0 }
        blobs { shape { dim: 5 } raw_data_type: FLOAT16 raw_data: "\000\074\000\100\000\000\000\274\000\000" }""")
    text = text.replace("data: 0 }", "data: [" + ", ".join(["0"] * 240) + "] }")
    Path("net.prototxt").write_text(text)
    filled = pycaffe.Net("net.prototxt", pycaffe.TEST)
    assert filled.params["ip"][1].data.tolist() == [1, 2, 0, -1, 0]
