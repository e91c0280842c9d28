"""What a terminal would obey is written out, wherever names of others are shown."""

from __future__ import annotations

import subprocess
import sys

import h5py
import numpy as np
import pytest

from cae_caffe import InputError, glog, printing
from cae_caffe.cli.main import main

EVIL = r"a\033[2J\nb\r"      # as a prototxt says it
SHOWN = r"a\x1b[2J\nb\r"     # as it is shown
NET = """
name: "NAME"
layer { name: "data" type: "HDF5Data" top: "NAMEd" hdf5_data_param { source: "images.txt" batch_size: 2 } }
layer { name: "NAME" type: "InnerProduct" bottom: "NAMEd" top: "NAME" inner_product_param { num_output: 1 } }
layer { name: "loss" type: "EuclideanLoss" bottom: "NAME" bottom: "NAME" top: "NAMEl" }
"""
DEPLOY = """
layer { name: "data" type: "Input" top: "NAMEd" input_param { shape { dim: 2 dim: 1 dim: 2 dim: 2 } } }
layer { name: "NAME" type: "InnerProduct" bottom: "NAMEd" top: "NAME" inner_product_param { num_output: 1 } }
"""


@pytest.mark.parametrize("text, shown", [
    ("plain ü 数 \t", "plain ü 数 \t"), ("a\x1b[2Jb", r"a\x1b[2Jb"), ("a\nb\r\x00\x7f", r"a\nb\r\x00\x7f"),
    ("\x9b1m", r"\x9b1m"), ("a\u202eb\u2028\ufeff", r"a\u202eb\u2028\ufeff"), ("\udc80", r"\udc80"), ("\\n", "\\n"),
])
def test_unseen_characters_are_written_out(text, shown):
    assert printing.shown(text) == shown
    assert printing.shown_lines(f"{text}\n") == "\n".join([*map(printing.shown, text.split("\n")), ""])


def test_an_errors_sentences_are_a_line_each_whatever_they_quote():
    error = InputError("layer `a\nb` is odd.", "So is `\x1b`.")
    assert str(error).split("\n") == [r"layer `a\nb` is odd.", r"So is `\x1b`."]
    assert f"f: {error}" == r"f: layer `a\nb` is odd. So is `\x1b`."


def test_a_line_of_the_log_is_one_line():
    assert glog.line("INFO", "net.cpp:1", "a\nb").endswith("] a\\nb\n")
    assert glog.line("INFO", "net.cpp:1", "net:", "x\n\x1b").endswith("] net:\nx\n\\x1b\n")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with nets, weights and images, whose blobs have names that a terminal would obey."""
    pytest.importorskip("torch")
    from cae_caffe import load_backend

    monkeypatch.chdir(tmp_path)
    for name, text in (("net", NET), ("deploy", DEPLOY)):
        (tmp_path / f"{name}.prototxt").write_text(text.replace("NAME", EVIL), encoding="utf-8")
    (tmp_path / "odd.prototxt").write_text(DEPLOY.replace("InnerProduct", "Inner").replace("NAME", EVIL),
                                           encoding="utf-8")
    (tmp_path / "solver.prototxt").write_text('net: "net.prototxt" max_iter: 2 display: 1 lr_policy: "fixed" '
                                              'base_lr: 1e38 debug_info: true', encoding="utf-8")
    with h5py.File("images.h5", "w") as file:
        for name in ("data", "a\x1b[2J\nb\rd"):
            file[name] = np.ones((2, 1, 2, 2), np.float32)
    (tmp_path / "images.txt").write_text("images.h5\n", encoding="utf-8")
    monkeypatch.setenv("GLOG_minloglevel", "2")
    load_backend("torch").Net("deploy.prototxt", 1).save("w.caffemodel")
    monkeypatch.delenv("GLOG_minloglevel")
    return tmp_path


@pytest.mark.parametrize("command, status", [
    ("summary deploy.prototxt", 0), ("summary odd.prototxt", 2), ("train -solver solver.prototxt", 0),
    ("test -model net.prototxt -weights w.caffemodel -iterations 1", 0), ("time -model net.prototxt -iterations 1", 0),
    ("diagnose deploy.prototxt w.caffemodel --data images.txt", 0),
    ("inspect w.caffemodel", 0),
    ("encode deploy.prototxt w.caffemodel --data images.txt --blob data --out c.h5", 2),
])
def test_no_command_shows_what_a_terminal_would_obey(command, status, folder, capfd):
    capfd.readouterr()
    assert main(command.split()) == status
    out, err = capfd.readouterr()
    shown = f"{out}{err}"
    assert SHOWN in shown and not {"\x1b", "\r"} & set(shown)
    assert not [line for line in shown.split("\n") if line.startswith("b\\r")]


def test_a_file_name_may_hold_anything(tmp_path):
    done = subprocess.run([sys.executable, "-m", "cae_caffe", "summary", b"n\x1b[2J\n\xff.prototxt"], check=False,
                          capture_output=True)
    assert done.returncode == 2 and rb"n\x1b[2J\n\udcff.prototxt: there is no such file" in done.stderr
