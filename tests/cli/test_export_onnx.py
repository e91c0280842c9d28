"""`cae-caffe export-onnx`: files that work elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import h5py
import numpy as np
import pytest
from onnx_command import refused
from small_autoencoder import DEPLOY, SHAPES, write_weights

from cae_caffe import schema

pytest.importorskip("torch", reason="the embedded engine needs PyTorch")
pytest.importorskip("onnx", reason="onnx is not here: pip install cae-caffe[onnx]")
pytest.importorskip("onnxruntime", reason="onnxruntime is not here: pip install cae-caffe[onnx]")

import onnx

from cae_caffe.export import proof
from cae_caffe.export.onnx import model as models
from cae_caffe.pycaffe import TEST, Net

TRAINED = """
layer {{ name: "feed" type: "HDF5Data" top: "data" top: "label" include {{ phase: TEST }}
  hdf5_data_param {{ source: "{}" batch_size: 2 }} }}
""" + DEPLOY.split("\n", 3)[3] + """
layer { name: "loss" type: "EuclideanLoss" bottom: "deconv1sig" bottom: "data" top: "loss" }
layer { name: "other" type: "SoftmaxWithLoss" bottom: "squeeze" bottom: "label" top: "other" }
"""


def engine(net, weights, **inputs):
    found = Net(str(net), TEST, weights=str(weights))
    for name, array in inputs.items():
        found.blobs[name].reshape(*array.shape)
        found.blobs[name].data[...] = array
    found.forward()
    return {name: found.blobs[name].data.copy() for name in found.outputs}


def test_the_file_gives_what_the_engine_gives(export, autoencoder):
    done = export()
    assert done.status == 0, done.err
    image = autoencoder.images[:1]
    wanted = engine(autoencoder.net, autoencoder.weights, data=image)
    np.testing.assert_allclose(done.run(data=image)["deconv1sig"], wanted["deconv1sig"], atol=1e-6)


def test_the_verdict_comes_first_then_a_line_for_each_output_then_the_file(export):
    lines = export("--batch", "dynamic").out.splitlines()
    assert re.match(r"onnxruntime \S+ gives what the engine gives: the largest difference is \S+ of", lines[0])
    assert [line.split()[:2] for line in lines[3:5]] == [["deconv1sig", "1x1x6x5"], ["deconv1sig", "3x1x6x5"]]
    assert re.search(r"net.onnx: data Nx1x6x5 to deconv1sig Nx1x6x5; operator set 17, \d+ operators", lines[5])


@pytest.mark.parametrize("rows", [1, 4])
def test_a_dynamic_batch_is_any(export, autoencoder, rows):
    images = autoencoder.images[:rows]
    wanted = engine(autoencoder.net, autoencoder.weights, data=images)
    found = export("--batch", "dynamic").run(data=images)
    np.testing.assert_allclose(found["deconv1sig"], wanted["deconv1sig"], atol=1e-6)


def test_a_value_before_a_layer_in_place_has_the_layers_type(export, colours):
    nodes = onnx.load(export(**colours).path).graph.node
    assert [list(node.output) for node in nodes] == [["conv/Convolution"], ["conv"]]


def test_the_size_of_small_weights_is_in_kilobytes(export, colours):
    assert export(**colours).out.splitlines()[-2].endswith("2 operators, 0.2 kB of weights")


def test_a_batch_of_a_number_is_in_the_file(export):
    done = export("--batch", "4")
    assert done.session().get_inputs()[0].shape == [4, 1, 6, 5] and done.metadata["caffe.batch"] == "4"


def test_blobs_become_outputs(export, autoencoder):
    found = export("--blob", "conv1", "squeeze", "--blob", "folded").run(data=autoencoder.images[:1])
    assert {name: array.shape for name, array in found.items()} == {
        "conv1": (1, 3, 4, 3), "squeeze": (1, 4), "folded": (1, 2, 2, 2)}


def test_the_metadata_say_where_the_file_comes_from(export):
    found = export("--mean", "7.5", "--scale", "0.5").metadata
    assert found["caffe.net"] == "small" and found["caffe.prototxt"] == "deploy.prototxt"
    assert found["caffe.weights"] == "small.caffemodel" and found["caffe.exporter"].startswith("cae-caffe ")
    assert found["caffe.batch"] == "1" and found["caffe.preprocessing"] == "minus the mean 7.5, times 0.5"


@pytest.mark.parametrize("opset", range(17, 24))
def test_every_operator_set_is_written(export, opset):
    done = export("--opset", opset, "--batch", "dynamic")
    assert done.status == 0, done.err
    assert onnx.load(done.path).opset_import[0].version == opset


@pytest.mark.parametrize("words, prepare", [
    (["--mean", "104,117,123", "--scale", "0.017", "--rgb"],
     lambda image: (image[:, ::-1] - np.float32([104, 117, 123]).reshape(1, 3, 1, 1)) * np.float32(0.017)),
    (["--mean", "100"], lambda image: image - 100), (["--rgb"], lambda image: image[:, ::-1]),
    (["--scale", "0.00392157"], lambda image: image * np.float32(0.00392157)),
])
def test_pixels_are_prepared_in_the_graph(export, colours, words, prepare):
    pixels = np.random.RandomState(3).randint(0, 256, (2, 3, 6, 5)).astype(np.float32)
    done = export(*words, **colours)
    assert done.status == 0, done.err
    wanted = engine(**colours, data=prepare(pixels))["conv"]
    np.testing.assert_allclose(done.run(data=pixels)["conv"], wanted, rtol=1e-5, atol=1e-5 * np.abs(wanted).max())


def test_a_mean_of_every_pixel_is_taken_off(export, colours, tmp_path):
    mean = np.random.RandomState(4).uniform(90, 130, (1, 3, 6, 5)).astype(np.float32)
    blob = schema.BlobProto(num=1, channels=3, height=6, width=5, data=mean.ravel())
    schema.write_binary(blob, tmp_path / "mean.binaryproto")
    done = export("--mean", tmp_path / "mean.binaryproto", **colours)
    assert done.metadata["caffe.preprocessing"] == "minus the mean mean.binaryproto"
    wanted = engine(**colours, data=10 - mean.repeat(2, 0))["conv"]
    np.testing.assert_allclose(done.run(data=np.full((2, 3, 6, 5), 10))["conv"], wanted, atol=1e-3)


def test_half_precision_keeps_inputs_and_outputs(export, autoencoder):
    done = export("--fp16", "--batch", "dynamic", "--mean", "0.5")
    assert done.status == 0, done.err
    found = onnx.load(done.path)
    assert {tensor.data_type for tensor in found.graph.initializer if tensor.name != "data/sub" and
            tensor.data_type != onnx.TensorProto.INT64} == {onnx.TensorProto.FLOAT16}
    images = autoencoder.images[:2]
    wanted = engine(autoencoder.net, autoencoder.weights, data=images - np.float32(0.5))["deconv1sig"]
    result = done.run(data=images)["deconv1sig"]
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, wanted, atol=1e-2)


def test_arrays_of_a_file_check_it(export, tmp_path):
    np.savez(tmp_path / "in.npz", data=np.ones((1, 1, 6, 5)))
    assert export("--check", tmp_path / "in.npz").status == 0
    np.savez(tmp_path / "in.npz", other=np.ones((1, 1, 6, 5)))
    assert export("--check", tmp_path / "in.npz").status == 2


def test_a_file_from_before_stays_when_the_new_one_differs(export, monkeypatch):
    before = export().path.read_bytes()
    monkeypatch.setattr(proof, "TOLERANCE", 1e-12)
    done = export("--fp16", "--batch", "3")
    assert done.status == 0        # half precision has its own
    half = done.path.read_bytes()
    assert export("--batch", "2").status == 1
    assert done.path.read_bytes() == half != before


def test_without_a_check_nothing_is_run(export, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert export("--check", "off").out.startswith("/")


def test_a_net_that_trains_is_exported_without_its_losses(export, autoencoder, tmp_path):
    with h5py.File(tmp_path / "two.h5", "w") as file:
        file["data"], file["label"] = np.zeros((4, 1, 6, 5), np.float32), np.zeros(4, np.float32)
    (tmp_path / "two.txt").write_text(f"{tmp_path / 'two.h5'}\n")
    autoencoder.net.write_text(TRAINED.replace("{}", str(tmp_path / "two.txt")).replace("{{", "{").replace("}}", "}"))
    done = export()
    assert done.status == 0, done.err
    assert "Left out: loss (EuclideanLoss), other (SoftmaxWithLoss)" in done.out
    assert done.run(data=np.ones((2, 1, 6, 5)))["deconv1sig"].shape == (2, 1, 6, 5)


def test_a_net_that_trains_needs_no_data_where_the_shape_is_given(export, autoencoder, tmp_path):
    autoencoder.net.write_text(TRAINED.replace("{}", str(tmp_path / "gone.txt")).replace("{{", "{").replace("}}", "}"))
    refused(export(), 2, "layer `feed`.*gone.txt", "needs no data, but their shape: give it, such as --shape data=")
    done = export("--shape", "data=3,1,6,5")
    assert done.status == 0, done.err
    image = np.ones((3, 1, 6, 5), np.float32)
    found = done.run(data=image)
    autoencoder.net.write_text(DEPLOY)
    wanted = engine(autoencoder.net, autoencoder.weights, data=image)
    np.testing.assert_allclose(found["deconv1sig"], wanted["deconv1sig"], atol=1e-6)


def test_an_input_gets_another_shape(export, colours):
    assert export("--shape", "data=1,3,9,8", **colours).run(data=np.ones((1, 3, 9, 8)))["conv"].shape == (1, 2, 4, 3)


def test_a_large_model_has_a_second_file(export, autoencoder, monkeypatch):
    monkeypatch.setattr(models, "MOST_BYTES", 10)
    autoencoder.net.write_text(DEPLOY.replace("num_output: 4", "num_output: 40"))
    write_weights(autoencoder.weights, {**SHAPES, "squeeze": [(40, 36), (40,)], "expand": [(8, 40), (8,)]})
    done = export("--batch", "dynamic")
    assert done.status == 0, done.err
    assert sorted(os.listdir(done.path.parent)) == ["net.onnx", "net.onnx.data"]
    wanted = engine(autoencoder.net, autoencoder.weights, data=autoencoder.images[:1])
    np.testing.assert_allclose(done.run(data=autoencoder.images[:1])["deconv1sig"], wanted["deconv1sig"], atol=1e-6)


@pytest.mark.parametrize("mean", [np.full((3, 6, 5), 7.0), np.array([1, 2, 3])])
def test_a_mean_of_numpy_is_taken_off(export, colours, tmp_path, mean):
    np.save(tmp_path / "m.npy", mean)
    done = export("--mean", tmp_path / "m.npy", **colours)
    assert done.status == 0, done.err
    images = np.random.default_rng(0).uniform(0, 255, (2, 3, 6, 5)).astype(np.float32)
    less = images - mean.reshape((1, 3, *mean.shape[1:]) if mean.ndim > 1 else (1, 3, 1, 1)).astype(np.float32)
    for name, values in engine(colours["net"], colours["weights"], data=less).items():
        np.testing.assert_allclose(done.run(data=images)[name], values, rtol=1e-5, atol=1e-3)


def test_the_command_runs_in_a_process_of_its_own(autoencoder, tmp_path):
    words = ["export-onnx", autoencoder.net, autoencoder.weights, "--out", tmp_path / "net.onnx"]
    done = subprocess.run([sys.executable, "-m", "cae_caffe", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "net.onnx").is_file() and "Traceback" not in done.stderr


def test_file_names_that_are_no_text_are_written_out_in_the_metadata(export, colours, tmp_path):
    names = b"net.prototxt", b"it", b"mean.binaryproto"
    net, weights, mean = (tmp_path / os.fsdecode(b"\xff" + name) for name in names)
    colours["net"].rename(net)
    colours["weights"].rename(weights)
    mean.write_bytes(schema.BlobProto(num=1, channels=3, height=6, width=5, data=[1] * 90).SerializeToString())
    done = export("--mean", mean, net=net, weights=weights)
    assert done.status == 0, done.err
    assert done.metadata["caffe.prototxt"] == r"\udcffnet.prototxt" and done.metadata["caffe.weights"] == r"\udcffit"
    assert done.metadata["caffe.preprocessing"] == r"minus the mean \udcffmean.binaryproto"
