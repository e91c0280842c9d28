"""`cae-caffe export-torch`: files that run without this package, and mistakes that are told in sentences."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from small_autoencoder import DEPLOY, write_weights

from cae_caffe.cli.main import main

pytest.importorskip("torch", reason="the embedded engine needs PyTorch")
pytest.importorskip("safetensors", reason="safetensors is not here: pip install cae-caffe[safetensors]")

from cae_caffe.export import proof
from cae_caffe.pycaffe import TEST, Net

RUN = """
import sys
sys.path[:] = [folder for folder in sys.path if "site-packages" in folder or "lib/python" in folder]
sys.path.insert(0, {folder!r})
import numpy, torch
import {module}
net = {module}.load()
print(type(net).__name__, *sorted(net.state_dict()), net.training, "cae_caffe" in sys.modules)
numpy.save({out!r}, net(torch.from_numpy(numpy.load({data!r}))).detach().numpy())
"""
FIXED = """
name: "fixed batch"
layer { name: "input" type: "Input" top: "data" input_param { shape { dim: 2 dim: 3 } } }
layer { name: "turned" type: "Reshape" bottom: "data" top: "turned" reshape_param { shape { dim: 3 dim: 2 } } }
layer { name: "fc" type: "InnerProduct" bottom: "turned" top: "fc" inner_product_param { num_output: 1 } }
"""


@pytest.fixture
def net(tmp_path):
    (tmp_path / "net.prototxt").write_text(DEPLOY)
    write_weights(tmp_path / "net.caffemodel")
    return tmp_path


def export(folder, *more):
    return main(["export-torch", str(folder / "net.prototxt"), str(folder / "net.caffemodel"), "--out",
                 str(folder / "out"), *more])


def test_the_files_run_without_this_package_and_give_what_the_engine_gives(net, capsys):
    assert export(net) == 0
    said = capsys.readouterr().out
    assert "gives what the engine gives" in said.splitlines()[0] and ".safetensors" in said
    code, weights = sorted((net / "out").iterdir())
    assert (code.suffix, weights.suffix) == (".py", ".safetensors") and code.stem == weights.stem
    assert code.stat().st_mode == weights.stat().st_mode
    engine = Net(str(net / "net.prototxt"), TEST, weights=str(net / "net.caffemodel"))
    name, = engine.inputs
    shape = tuple(engine.blobs[name].shape)
    data = np.random.RandomState(0).uniform(-1, 1, (5, *shape[1:])).astype(np.float32)
    np.save(net / "data.npy", data)
    text = RUN.format(folder=str(net / "out"), module=code.stem, data=str(net / "data.npy"), out=str(net / "found.npy"))
    ended = subprocess.run([sys.executable, "-I", "-c", text], capture_output=True, text=True, check=False, cwd="/")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split()[-2:] == ["False", "False"]
    engine.blobs[name].reshape(*data.shape)
    engine.blobs[name].data[...] = data
    wanted, = engine.forward().values()
    assert np.abs(np.load(net / "found.npy") - wanted).max() <= 1e-6 * np.abs(wanted).max()


def test_no_file_is_left_if_the_outputs_differ(net, capsys, monkeypatch):
    real = proof.engine_outputs
    monkeypatch.setattr(proof, "engine_outputs", lambda *arguments: {
        name: array * 1.001 for name, array in real(*arguments).items()})
    assert export(net) == 1
    said = capsys.readouterr()
    assert said.out.startswith("output ") and "engine gives" not in said.out
    assert "does not give what the engine gives" in said.err
    assert "is not written" in said.err and "--check off" in said.err
    assert list(net.glob("out/*")) == []
    assert export(net, "--check", "off") == 0 and len(list(net.glob("out/*"))) == 2


def test_one_net_makes_the_same_bytes_every_time(net, capsys):
    made = []
    for _ in range(5):
        assert export(net, "--check", "off") == 0
        made.append({path.name: path.read_bytes() for path in (net / "out").iterdir()})
    assert len(made[0]) == 2 and all(files == made[0] for files in made)


def test_a_file_name_that_is_no_text_is_written_out(net, capsys):
    from safetensors import safe_open

    strange = net / os.fsdecode(b"ne\xfft.prototxt")
    (net / "net.prototxt").rename(strange)
    assert main(["export-torch", str(strange), str(net / "net.caffemodel"), "--out", str(net / "out")]) == 0
    weights, = (net / "out").glob("*.safetensors")
    with safe_open(weights, "np") as file:
        assert file.metadata()["caffe.prototxt"] == r"ne\udcfft.prototxt"


def test_a_net_of_one_batch_is_checked_at_that(tmp_path, capsys):
    (tmp_path / "net.prototxt").write_text(FIXED)
    Net(str(tmp_path / "net.prototxt"), TEST).save(str(tmp_path / "net.caffemodel"))
    assert export(tmp_path) == 0
    said = capsys.readouterr().out
    assert "fc      3x1" in said and sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "fixed_batch.py", "fixed_batch.safetensors"]


def test_a_blob_can_be_the_output(net, capsys):
    assert export(net, "--blob", "nosuch") == 2
    assert "`nosuch`" in capsys.readouterr().err


@pytest.mark.parametrize("place", ["out.py", "net.prototxt"])
def test_a_file_in_the_place_of_the_folder_is_told(net, capsys, place):
    assert main(["export-torch", str(net / "net.prototxt"), str(net / "net.caffemodel"), "--out",
                 str(net / place)]) == 2
    assert "names a file, and a folder is needed" in capsys.readouterr().err
    assert not (net / "out.py").exists()


def test_without_safetensors_the_remedy_is_told(net, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors", None)
    assert export(net) == 1
    assert 'pip install "cae-caffe[safetensors]"' in capsys.readouterr().err


@pytest.mark.parametrize(("words", "said"), [
    (["net.prototxt", "net.caffemodel", "--out", "net.prototxt"], "--out net.prototxt names a file, and a folder is"),
    (["net.caffemodel", "net.prototxt", "--out", "out"], "net.caffemodel is a file of weights by its name")])
def test_words_in_each_others_places_are_told(words, said, net, monkeypatch, capsys):
    monkeypatch.chdir(net)
    assert main(["export-torch", *words]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("words, match", [
    (["--level", "99999999999"], "99999999999 is no whole number from -2147483648 to 2147483647"),
    (["--shape", "data=99999999999999999999,1,28,28"], "has a length that no blob can have"),
    (["--shape", f"data={'9' * 5000},1"], "has a length that no blob can have"),
    (["--shape", "data=999999999999999999,1"], "at most 2147483647 values")])
def test_numbers_that_no_message_of_caffes_holds_are_refused(words, match, net, capsys):
    assert _status(lambda: export(net, *words)) == 2
    assert match in capsys.readouterr().err


@pytest.mark.parametrize("command", [["summary", "x", "--level"], ["test", "-model", "x", "-weights", "y", "-level"],
                                     ["train", "-solver", "x", "-level"], ["time", "-model", "x", "-iterations"]])
def test_so_they_are_by_the_other_commands(command, capsys):
    assert _status(lambda: main([*command, "2147483648"])) == 2
    assert "2147483648" in capsys.readouterr().err


def _status(run):
    try:
        return run()
    except SystemExit as end:
        return end.code


def test_a_parameter_alone_can_be_an_output(tmp_path, capsys):
    (tmp_path / "net.prototxt").write_text(FIXED + 'layer { name: "p" type: "Parameter" top: "p" parameter_param { '
                                           "shape { dim: 2 } } }")
    Net(str(tmp_path / "net.prototxt"), TEST).save(str(tmp_path / "net.caffemodel"))
    assert export(tmp_path) == 0
    assert "gives what the engine gives" in capsys.readouterr().out
