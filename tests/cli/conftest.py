"""Commands that run a net, tried on both engines."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from onnx_command import COLOUR_SHAPES, COLOURS, Exported
from small_autoencoder import SmallAutoencoder, write_weights

from cae_caffe.cli.main import main

IN_CAFFES_PYTHON = """
def main(words):
    import contextlib, io
    from cae_caffe.cli.main import main
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(words)
    return status, out.getvalue(), err.getvalue()
"""


@dataclass
class Done:
    """How a command ended: its exit status, and what it wrote to standard output and standard error."""

    status: int
    out: str
    err: str


@pytest.fixture
def autoencoder(tmp_path):
    """A `SmallAutoencoder` in the test's folder."""
    return SmallAutoencoder(tmp_path)


@pytest.fixture(params=["torch", "caffe"])
def on_engine(request, monkeypatch, capsys):
    """`on_engine("encode", ...)`: run `cae-caffe encode ... --backend ENGINE`; the test runs once for each engine.

    The embedded engine runs in this process, real Caffe in its own Python.
    """
    def embedded(*words):
        # Set, so that the commands leave it alone and other tests in this process see the engine's log.
        monkeypatch.setenv("GLOG_minloglevel", "0")
        capsys.readouterr()
        status = main([*map(str, words), "--backend", "torch"])
        return Done(status, *capsys.readouterr())

    def real(*words):
        return Done(*real_caffe(IN_CAFFES_PYTHON, words=[*map(str, words), "--backend", "caffe"]))

    if request.param == "caffe":
        real_caffe = request.getfixturevalue("real_caffe")
        return real
    pytest.importorskip("torch", reason="the embedded engine needs PyTorch")
    return embedded


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
