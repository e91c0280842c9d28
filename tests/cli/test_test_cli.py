"""`cae-caffe test`: the lines and means of `caffe test`, and errors of one line."""

from __future__ import annotations

import re

import pytest
import small_training
import two_engines
from two_engines import LOG_ALL

from cae_caffe import pycaffe
from cae_caffe.cli.main import main
from cae_caffe.engine import log

pytest.importorskip("torch", reason="the embedded engine needs PyTorch")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a net, its data, and w.caffemodel."""
    monkeypatch.chdir(tmp_path)
    small_training.write(tmp_path)
    two_engines.on_embedded(save, tmp_path)
    monkeypatch.setattr(log, "_minimum", 0)
    return tmp_path


def save(caffe):
    caffe.set_random_seed(4)
    caffe.Net("net.prototxt", caffe.TEST).save("w.caffemodel")


@pytest.fixture
def run(folder, capfd, monkeypatch):
    def run(*words):
        monkeypatch.setattr(log, "_printed_once", set())
        capfd.readouterr()
        status = main(["test", *words, "--backend", "torch"])
        return status, capfd.readouterr().err
    return run


MODEL = ["-model", "net.prototxt", "-weights", "w.caffemodel"]


@pytest.mark.parametrize("words", [["-iterations", "3"], ["-iterations=1", "--stage=on-train"],
                                   ["--iterations", "2", "-level", "2"], []], ids=" ".join)
def test_the_log_is_that_of_caffe_test(words, run, caffe_run, folder):
    further = 'layer { name: "quiet" type: "Silence" bottom: "decodesig" include { min_level: 1 } }\n'
    (folder / "net.prototxt").write_text(small_training.net() + further, encoding="utf-8")
    real = caffe_run(["caffe", "test", *MODEL, *words], cwd=folder, env=LOG_ALL).stderr
    status, error = run(*MODEL, *words)
    assert status == 0
    # Some sums of float32, printed with six digits; Caffe sums a batch's loss term by term.
    lines = two_engines.assert_same_log(error, real, 3e-5)
    assert [line for line in lines if line.startswith("I tool] Loss: ")]


def test_outputs_of_many_values_and_hdf5_weights(run, caffe_run, folder):
    text = small_training.net(l2="loss_weight: 0") + 'layer { name: "top" type: "TanH" bottom: "decode" top: "row" }\n'
    (folder / "net.prototxt").write_text(text, encoding="utf-8")
    pycaffe.Net("net.prototxt", pycaffe.TEST).save_hdf5("w.h5")
    words = ["-model", "net.prototxt", "-weights", "w.h5", "-iterations", "2"]
    real = caffe_run(["caffe", "test", *words], cwd=folder, env=LOG_ALL).stderr
    status, error = run(*words)
    assert status == 0
    lines = two_engines.assert_same_log(error, real, 3e-5, smallest=0.1)
    assert len([line for line in lines if "Batch 1, row = " in line]) == 5 * 12


@pytest.mark.parametrize("words, message", [
    (["-model", "none.prototxt", "-weights", "w.caffemodel"], "none.prototxt: there is no such file"),
    (["-model", "net.prototxt", "-weights", "none"], "none: there is no such file"),
    (["-model", "net.prototxt", "-weights", "net.prototxt"], "net.prototxt: this is not a whole NetParameter"),
    ([*MODEL, "-iterations", "0"], "-iterations 0 runs no batch; give at least 1"),
    ([*MODEL, "-gpu", "1,2"], "-gpu 1,2 is not the number of one GPU"),
])
def test_a_mistake_is_one_line_and_status_2(words, message, run, monkeypatch):
    monkeypatch.setattr(log, "_minimum", log.LEVELS["ERROR"])
    status, error = run(*words)
    assert status == 2
    assert re.search(f"^cae-caffe test: {message}", error.splitlines()[-1]) and len(error.splitlines()) == 2


def test_a_state_without_data_names_the_stages_that_have_some(run, folder):
    text = (folder / "net.prototxt").read_text(encoding="utf-8").replace('not_stage: "on-train"', 'stage: "on-test"')
    (folder / "net.prototxt").write_text(text, encoding="utf-8")
    status, error = run(*MODEL)
    assert status == 2
    assert ("net.prototxt: in phase TEST, level 0 and no stage, no layer produces `data`, a bottom of layer `flat`; "
            "give -stage with one of on-test, on-train.") in error
    assert run(*MODEL, "-stage", "on-test")[0] == 0


def test_missing_data_is_told_with_its_layer(run, folder):
    (folder / "test.txt").unlink()
    status, error = run(*MODEL)
    assert status == 2 and re.search(r"layer `data` \(type HDF5Data, net.prototxt:\d+\): its `source` test.txt", error)


@pytest.mark.parametrize("words", [[], ["-model", "net.prototxt"], [*MODEL, "-iterations", "many"]], ids=" ".join)
def test_wrong_use_shows_the_usage(words, run):
    with pytest.raises(SystemExit) as ended:
        run(*words)
    assert ended.value.code == 2
