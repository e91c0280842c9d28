"""Whole published nets as ONNX models, which onnxruntime and OpenCV 5 run, and as PyTorch modules: they give what the
engine gives, at any batch.

The default run takes the larger ones with fewer maps and smaller images; `--long` takes all as they were published.
"""

from __future__ import annotations

import time

import caffe_process
import digits
import example_nets
import large_nets
import pytest

pytest.importorskip("torch", reason="the embedded engine needs PyTorch")
pytest.importorskip("onnx", reason="onnx is not here: pip install cae-caffe[onnx]")

from leaving import built, leaves, spread

from cae_caffe import pycaffe, to_onnx
from cae_caffe.engine import log
from cae_caffe.models import PAPER

PROTOTXT = caffe_process.ROOT / "prototxt"
LARGE = {
    "alexnet": {"size": 99, "shrink": 16}, "caffenet": {"size": 99, "shrink": 16},
    "googlenet": {"size": 96, "shrink": 8}, "residual": {}, "resnet50": {"size": 64, "shrink": 8},
    "squeezenet": {"size": 67, "shrink": 4}, "fcn8s": {"size": 45, "shrink": 32, "classes": 5},
}
PUBLISHED = {"alexnet": {}, "caffenet": {}, "googlenet": {}, "resnet50": {}, "squeezenet": {}, "fcn8s": {"size": 224}}
EXAMPLES = ("lenet", "siamese", "cifar10_quick", "cifar10_full", "autoencoder")


@pytest.fixture(autouse=True)
def no_log(monkeypatch):
    monkeypatch.setattr(log, "_minimum", log.LEVELS["ERROR"])


def _is_large(name):
    return name.startswith(("classic-2000", "classic-3000"))


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.long if _is_large(name) else ())
                                  for name in [*PAPER, "siamese"]])
def test_the_papers_nets(name):
    net = pycaffe.Net(str(PROTOTXT / name / "deploy.prototxt"), pycaffe.TEST)
    leaves(spread(net))


@pytest.mark.parametrize(("name", "outputs"), [
    ("cae1-n2", ["deconv1neursig"]), ("classic-300-150-75-n10", ["decode1neuron"]),
    ("siamese", ["feat", "feat_p"])])
def test_the_papers_training_nets(name, outputs, tmp_path, monkeypatch):
    """They leave as their deploy forms do: labels and targets are no inputs and no outputs."""
    monkeypatch.chdir(tmp_path)
    digits.write(tmp_path, train=128, test=128)
    text = (PROTOTXT / name / "train_test.prototxt").read_text(encoding="utf-8")
    if name == "siamese":
        pair = example_nets.write(tmp_path, "siamese", 1, 8).parent / "train.txt"
        text = text.replace("data/mnist_siamese_test.txt", pair.name)
    (tmp_path / "train_test.prototxt").write_text(text)
    net = spread(pycaffe.Net("train_test.prototxt", pycaffe.TEST, stages=["test-on-test"]))
    model = to_onnx(net)
    assert [one.name for one in model.graph.output] == outputs
    assert len(model.graph.input) == 1
    leaves(net)


@pytest.mark.parametrize("name", EXAMPLES)
def test_caffes_example_nets(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    example_nets.write(tmp_path, name, 1, 4)
    leaves(spread(pycaffe.Net("net.prototxt", pycaffe.TEST)))


@pytest.mark.parametrize("name", LARGE)
def test_larger_nets_in_small(name, tmp_path):
    leaves(built(getattr(large_nets, name)(batch=2, **LARGE[name]), tmp_path))


@pytest.mark.long
@pytest.mark.parametrize("name", PUBLISHED)
def test_larger_nets_as_published(name, tmp_path):
    net = built(getattr(large_nets, name)(batch=1, **PUBLISHED[name]), tmp_path)
    begun = time.perf_counter()
    to_onnx(net, batch="dynamic")
    print(f"{name}: exported in {time.perf_counter() - begun:.1f} s")
    leaves(net)
