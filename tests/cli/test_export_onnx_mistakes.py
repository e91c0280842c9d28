"""`cae-caffe export-onnx`: mistakes and mishaps, told in sentences, with no file left behind."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from onnx_command import refused
from small_autoencoder import DEPLOY

from cae_caffe import schema

pytest.importorskip("torch", reason="the embedded engine needs PyTorch")
pytest.importorskip("onnx", reason="onnx is not here: pip install cae-caffe[onnx]")
pytest.importorskip("onnxruntime", reason="onnxruntime is not here: pip install cae-caffe[onnx]")


from cae_caffe.export import proof


@pytest.mark.parametrize("words, is_told", [([], True), (["--batch", "dynamic"], False), (["--batch", "2"], False)])
def test_a_fixed_batch_that_nobody_chose_is_told(export, colours, words, is_told):
    told = "The batch is fixed: it takes exactly 2 at a time; --batch dynamic takes any number."
    assert (told in export(*words, **colours).out.splitlines()) == is_told
    assert "The batch is fixed" not in export(*words).out


def test_weights_beyond_half_precision_are_named(export, autoencoder):
    net = schema.NetParameter.FromString(autoencoder.weights.read_bytes())
    net.layer[0].blobs[1].data[1] = 70000
    schema.write_binary(net, autoencoder.weights)
    refused(export("--fp16"), 2, r"float16 holds numbers up to 65504.*conv1/bias \(70000\).*without --fp16")


def test_a_file_that_differs_is_not_written(export, monkeypatch):
    monkeypatch.setattr(proof, "TOLERANCE", 1e-12)
    done = export()
    refused(done, 1, "net.onnx is not written: onnxruntime .* does not give what the engine gives: output `deconv1sig`",
            "--check off writes it all the same")
    assert "deconv1sig  1x1x6x5" in done.out


@pytest.mark.parametrize("package, words", [("onnx", "--check off"), ("onnxruntime", "")])
def test_a_missing_package_is_told_with_the_remedy(export, monkeypatch, package, words):
    monkeypatch.setitem(sys.modules, package, None)
    refused(export(*words.split()), 1, rf"{package}, which does not import here", r'pip install "cae-caffe\[onnx\]"')


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
