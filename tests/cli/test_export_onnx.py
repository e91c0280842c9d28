"""`cae-caffe export-onnx`: files that work elsewhere, and mistakes that are told in sentences."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import h5py
import numpy as np
import pytest
from small_autoencoder import DEPLOY, SHAPES, write_weights

from cae_caffe import schema
from cae_caffe.cli.main import main

pytest.importorskip("torch", reason="the embedded engine needs PyTorch")
pytest.importorskip("onnx", reason="onnx is not here: pip install cae-caffe[onnx]")
pytest.importorskip("onnxruntime", reason="onnxruntime is not here: pip install cae-caffe[onnx]")

import onnx
import onnxruntime

from cae_caffe.export import proof
from cae_caffe.export.onnx import model as models
from cae_caffe.pycaffe import TEST, Net

COLOURS = """
name: "colours"
layer { name: "input" type: "Input" top: "data" input_param { shape { dim: 2 dim: 3 dim: 6 dim: 5 } } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv" convolution_param { num_output: 2 kernel_size: 3
  stride: 2 } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
"""
COLOUR_SHAPES = {"conv": [(2, 3, 3, 3), (2,)]}
TRAINED = """
layer {{ name: "feed" type: "HDF5Data" top: "data" top: "label" include {{ phase: TEST }}
  hdf5_data_param {{ source: "{}" batch_size: 2 }} }}
""" + DEPLOY.split("\n", 3)[3] + """
layer { name: "loss" type: "EuclideanLoss" bottom: "deconv1sig" bottom: "data" top: "loss" }
layer { name: "other" type: "SoftmaxWithLoss" bottom: "squeeze" bottom: "label" top: "other" }
"""


class Exported:
    """How a command ended, and the file that it wrote."""

    def __init__(self, status, out, err, path):
        self.status, self.out, self.err, self.path = status, out, err, path

    def session(self):
        return onnxruntime.InferenceSession(str(self.path), providers=["CPUExecutionProvider"])

    def run(self, **arrays):
        session = self.session()
        found = session.run(None, {name: array.astype(np.float32) for name, array in arrays.items()})
        return dict(zip([one.name for one in session.get_outputs()], found))

    @property
    def metadata(self):
        return {one.key: one.value for one in onnx.load(self.path).metadata_props}


@pytest.fixture
def export(autoencoder, tmp_path, monkeypatch, capsys):
    """`export(*words)`: the small auto-encoder exported, or with `net` and `weights` another."""
    def run(*words, net=None, weights=None, out=None):
        monkeypatch.setenv("GLOG_minloglevel", "0")
        path = out or tmp_path / "out" / "net.onnx"
        capsys.readouterr()
        status = main(["export-onnx", str(net or autoencoder.net), str(weights or autoencoder.weights), "--out",
                       str(path), *map(str, words)])
        return Exported(status, *capsys.readouterr(), path)
    return run


@pytest.fixture
def colours(tmp_path):
    """A net of colour images, and its weights, as words of `export`."""
    net, weights = tmp_path / "colours.prototxt", tmp_path / "colours.caffemodel"
    net.write_text(COLOURS)
    write_weights(weights, COLOUR_SHAPES)
    return {"net": net, "weights": weights}


def refused(done, status, *words):
    assert done.status == status, done.out + done.err
    for word in words:
        assert re.search(word, done.err), done.err
    assert "Traceback" not in done.err
    assert not os.path.exists(done.path)
    folder = os.path.dirname(done.path)
    assert not os.path.isdir(folder) or not [name for name in os.listdir(folder) if name.startswith(".cae-caffe")]


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


@pytest.mark.parametrize("words, is_told", [([], True), (["--batch", "dynamic"], False), (["--batch", "2"], False)])
def test_a_fixed_batch_that_nobody_chose_is_told(export, colours, words, is_told):
    told = "The batch is fixed: it takes exactly 2 at a time; --batch dynamic takes any number."
    assert (told in export(*words, **colours).out.splitlines()) == is_told
    assert "The batch is fixed" not in export(*words).out


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


def test_weights_beyond_half_precision_are_named(export, autoencoder):
    net = schema.NetParameter.FromString(autoencoder.weights.read_bytes())
    net.layer[0].blobs[1].data[1] = 70000
    schema.write_binary(net, autoencoder.weights)
    refused(export("--fp16"), 2, r"float16 holds numbers up to 65504.*conv1/bias \(70000\).*without --fp16")


def test_arrays_of_a_file_check_it(export, tmp_path):
    np.savez(tmp_path / "in.npz", data=np.ones((1, 1, 6, 5)))
    assert export("--check", tmp_path / "in.npz").status == 0
    np.savez(tmp_path / "in.npz", other=np.ones((1, 1, 6, 5)))
    assert export("--check", tmp_path / "in.npz").status == 2


def test_a_file_that_differs_is_not_written(export, monkeypatch):
    monkeypatch.setattr(proof, "TOLERANCE", 1e-12)
    done = export()
    refused(done, 1, "net.onnx is not written: onnxruntime .* does not give what the engine gives: output `deconv1sig`",
            "--check off writes it all the same")
    assert "deconv1sig  1x1x6x5" in done.out


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


@pytest.mark.parametrize("package, words", [("onnx", "--check off"), ("onnxruntime", "")])
def test_a_missing_package_is_told_with_the_remedy(export, monkeypatch, package, words):
    monkeypatch.setitem(sys.modules, package, None)
    refused(export(*words.split()), 1, rf"{package}, which does not import here", r'pip install "cae-caffe\[onnx\]"')


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


@pytest.mark.parametrize("words, says", [
    (["--batch", "0"], "--batch 0 is no batch"), (["--batch", "many"], "--batch many is no batch"),
    (["--opset", "16"], "operator set 16 is asked for, and 17 to 23"),
    (["--blob", "conv9"], r"`conv9` is no blob of the net \(did you mean `conv1`\?\); the blobs"),
    (["--blob", "data"], "`data` is an input"),
    (["--mean", "1,2"], "The mean 1, 2 has 2 numbers, and the input `data` has 1 channel;"),
    (["--mean", ""], "export-onnx: The mean's path is empty"),
    (["--mean", "gone.binaryproto"], "gone.binaryproto: the mean's file is not there"),
    (["--mean", "1,nan"], "The mean .* is given; give the path"),
    (["--scale", "0"], "The scale 0 is given"), (["--rgb"], "`data` has 1 channel, and RGB images have 3"),
    (["--input", "data"], "no mean, scale or rgb"), (["--input", "dota", "--scale", "2"], "`dota` is no input of"),
    (["--shape", "data"], "--shape data is no shape"), (["--shape", "data=a"], "--shape data=a is no shape"),
    (["--shape", "dota=1,1,6,5"], "`dota`, which is no input.*data"),
    (["--shape", "data=1,1,2,2"], "conv1"),
    (["--shape", "data=1,3,6,5"], "--shape data=1,3,6,5 decides how many weights"),
    (["--check", "gone.npz"], "gone.npz: the file cannot be read"),
    (["--check", "on"], "on: the file cannot be read: .* give an .npz file with arrays by the inputs' names, or `off`"),
    (["--check", ""], "The empty path: the file cannot be read"),
])
def test_wrong_words_are_told(export, words, says):
    refused(export(*words), 2, says)


def test_a_mean_of_another_size_is_told_with_its_channels(export, colours, tmp_path):
    mean = np.stack([np.full((8, 8), value, np.float32) for value in (104, 117, 123)])
    schema.write_binary(schema.BlobProto(num=1, channels=3, height=8, width=8, data=mean.ravel()), tmp_path / "m.bin")
    refused(export("--mean", tmp_path / "m.bin", **colours), 2, "of images of 3x8x8, and the input `data` takes 3x6x5",
            "--mean 104,117,123")


def test_a_file_that_is_no_mean_is_told(export, colours, tmp_path):
    (tmp_path / "m.bin").write_bytes(b"no mean at all")
    refused(export("--mean", tmp_path / "m.bin", **colours), 2, "m.bin")
    schema.write_binary(schema.BlobProto(data=[1, 2]), tmp_path / "m.bin")
    refused(export("--mean", tmp_path / "m.bin", **colours), 2, "m.bin: this is no mean of images: it holds 2 values")


@pytest.mark.parametrize("mean", [np.full((3, 6, 5), 7.0), np.array([1, 2, 3])])
def test_a_mean_of_numpy_is_taken_off(export, colours, tmp_path, mean):
    np.save(tmp_path / "m.npy", mean)
    done = export("--mean", tmp_path / "m.npy", **colours)
    assert done.status == 0, done.err
    images = np.random.default_rng(0).uniform(0, 255, (2, 3, 6, 5)).astype(np.float32)
    less = images - mean.reshape((1, 3, *mean.shape[1:]) if mean.ndim > 1 else (1, 3, 1, 1)).astype(np.float32)
    for name, values in engine(colours["net"], colours["weights"], data=less).items():
        np.testing.assert_allclose(done.run(data=images)[name], values, rtol=1e-5, atol=1e-3)


def test_an_array_of_numpy_that_is_no_mean_is_told(export, colours, tmp_path):
    mean = tmp_path / "m.npy"
    np.save(mean, np.full((3, 8, 8), 7.0))
    refused(export("--mean", mean, **colours), 2, "of images of 3x8x8", "--mean 7,7,7")
    np.save(mean, np.zeros((2, 2)))
    refused(export("--mean", mean, **colours), 2, "m.npy: this is no mean of images", "in the shape 2x2")
    mean.write_bytes(b"no array")
    refused(export("--mean", mean, **colours), 2, "m.npy: this is no array of NumPy's")


def test_a_net_and_weights_in_the_wrong_order_are_told(export, autoencoder):
    refused(export(net=autoencoder.weights, weights=autoencoder.net), 2, "give the net first and its weights second")


def test_files_that_are_missing_or_do_not_fit_are_told(export, autoencoder, colours, tmp_path):
    refused(export(net=tmp_path / "gone.prototxt"), 2, "gone.prototxt")
    refused(export(weights=tmp_path / "gone.caffemodel"), 2, "gone.caffemodel")
    refused(export(weights=colours["weights"]), 2, "no parameters for layer `conv1`.*another net's")
    refused(export(weights=autoencoder.net), 2, "deploy.prototxt")


def test_all_layers_that_cannot_be_exported_are_listed(export, autoencoder):
    python = ('layer {{ name: "{0}" type: "Python" bottom: "squeeze" top: "{0}" '
              'python_param {{ module: "doubling" layer: "Doubling" }} }}\n')
    (autoencoder.net.parent / "doubling.py").write_text(
        "from cae_caffe.pycaffe import Layer\n\n\nclass Doubling(Layer):\n    def setup(self, bottom, top):\n"
        "        pass\n\n    def reshape(self, bottom, top):\n        top[0].reshape(*bottom[0].shape)\n\n"
        "    def forward(self, bottom, top):\n        top[0].data[...] = 2 * bottom[0].data\n")
    autoencoder.net.write_text(DEPLOY + python.format("one") + python.format("two"))
    sys.path.insert(0, str(autoencoder.net.parent))
    try:
        done = export()
    finally:
        sys.path.remove(str(autoencoder.net.parent))
        sys.modules.pop("doubling", None)
    refused(done, 2, r"layer `one` \(type Python, .*deploy.prototxt:\d+\).*\(2 times: lines \d+, \d+\)",
            "no exact form in ONNX")
    refused(export("--no-python-layers"), 2, "Python")


def test_a_place_that_cannot_be_written_is_told(export, tmp_path):
    (tmp_path / "file").write_text("")
    refused(export(out=tmp_path / "file" / "net.onnx"), 1, "file")
    done = export(out=tmp_path)
    assert done.status == 1 and "Is a directory; a file is needed; give its path" in done.err


def test_a_full_disk_leaves_nothing(export, monkeypatch):
    from pathlib import Path

    def full(self, data):
        raise OSError(28, "No space left on device", str(self))
    monkeypatch.setattr(Path, "write_bytes", full)
    refused(export(), 1, "net.onnx: No space left on device")


def test_an_interruption_leaves_nothing(export, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt
    monkeypatch.setattr(proof, "engine_outputs", interrupt)
    refused(export(), 130, "interrupted")


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


def test_arrays_to_check_with_have_the_models_batch(export, tmp_path):
    np.savez(tmp_path / "in.npz", data=np.ones((5, 1, 6, 5)))
    refused(export("--check", tmp_path / "in.npz"), 2, "The array `data` to check with has the shape "
            "5x1x6x5, and the exported net takes 1x1x6x5; .* export the net for any batch")
    assert export("--check", tmp_path / "in.npz", "--batch", "dynamic").status == 0
    np.savez(tmp_path / "in.npz", data=np.ones((1, 1, 6, 5), complex))
    assert "complex numbers" in export("--check", tmp_path / "in.npz").err


def test_a_mean_with_a_pixel_that_is_no_number_is_refused(export, colours, tmp_path):
    blob = schema.BlobProto(data=[1.0] * 89 + [np.nan])
    blob.shape.dim.extend([1, 3, 6, 5])
    schema.write_binary(blob, tmp_path / "mean.binaryproto")
    refused(export("--mean", tmp_path / "mean.binaryproto", **colours), 2, "1 of the mean's 90 values are no finite")


@pytest.mark.parametrize("which", ["net", "weights"])
def test_what_is_read_is_not_written_over(export, autoencoder, which):
    """A slip of the keyboard that would cost the weights."""
    source = getattr(autoencoder, which)
    with open(source, "rb") as file:
        before = file.read()
    done = export(out=source)
    assert done.status == 2 and "is read here and would be replaced; give the new file another name" in done.err
    with open(source, "rb") as file:
        assert file.read() == before
