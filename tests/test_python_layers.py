"""Python layers: the code that a net names runs where the user asked to run that net, and nowhere else."""

from __future__ import annotations

import subprocess
import sys
import types

import h5py
import numpy as np
import pytest

from cae_caffe import InputError, load_backend, python_layers, schema
from cae_caffe.analysis.nets import make_net
from cae_caffe.cli.main import main
from cae_caffe.python_layers import VARIABLE

pytest.importorskip("torch")
NET = """
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 1 dim: 2 dim: 2 } } }
layer { name: "p" type: "Python" bottom: "data" top: "p"
  python_param { module: "guest" layer: "Guest" } }
layer { name: "ip" type: "InnerProduct" bottom: "p" top: "ip" inner_product_param { num_output: 1 } }
"""
MODULE = """
open("ran", "w").close()
import caffe

class Guest(caffe.Layer):
    def setup(self, bottom, top): pass
    def reshape(self, bottom, top): top[0].reshape(*bottom[0].shape)
    def forward(self, bottom, top): top[0].data[...] = bottom[0].data
    def backward(self, top, propagate_down, bottom): pass
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a net, weights, images, and the module that the net names; importing that leaves a file `ran`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "guest", raising=False)
    (tmp_path / "net.prototxt").write_text(NET, encoding="utf-8")
    (tmp_path / "plain.prototxt").write_text(NET.replace('"Python"', '"ReLU"'), encoding="utf-8")
    (tmp_path / "guest.py").write_text(MODULE, encoding="utf-8")
    (tmp_path / "solver.prototxt").write_text('net: "net.prototxt" max_iter: 1 lr_policy: "fixed"', encoding="utf-8")
    with h5py.File("images.h5", "w") as file:
        file["data"] = np.zeros((2, 1, 2, 2), np.float32)
    (tmp_path / "images.txt").write_text("images.h5\n", encoding="utf-8")
    load_backend("torch").Net("plain.prototxt", 1).save("w.caffemodel")
    yield tmp_path
    sys.modules.pop("guest", None)


@pytest.mark.parametrize("phase, refused", [("TRAIN", True), ("TEST", False)])
def test_real_caffe_is_kept_from_the_layers_of_the_state_alone(phase, refused, monkeypatch):
    monkeypatch.setenv(VARIABLE, "refuse")
    text = NET.replace('"Python"', '"Python" include { phase: TRAIN }')
    net, lines = schema.parse_text(text, schema.NetParameter), [2, 3, 5]
    real = types.SimpleNamespace(Net=lambda *_, **__: "the net", TRAIN=0, TEST=1)
    if not refused:
        assert make_net(real, net, lines, "net.prototxt", phase) == "the net"
        return
    with pytest.raises(InputError, match=r"net.prototxt:3: the Python layer `p` would run"):
        make_net(real, net, lines, "net.prototxt", phase)


LOOKING = ["summary net.prototxt", "figure architecture net.prototxt --out a.svg",
           "figure filters net.prototxt w.caffemodel --out f.png",
           "diagnose net.prototxt w.caffemodel --data images.txt"]
RUNNING = ["train -solver solver.prototxt", "test -model net.prototxt -weights w.caffemodel -iterations 1",
           "time -model net.prototxt -iterations 1",
           "encode net.prototxt w.caffemodel --data images.txt --blob ip --out c.h5",
           "activations net.prototxt w.caffemodel --data images.txt --out a.h5"]


@pytest.mark.parametrize("command", [*LOOKING, *(f"{command} --no-python-layers" for command in RUNNING)])
def test_the_code_of_a_net_does_not_run(command, folder, capsys):
    assert main(command.split()) == 2
    said = capsys.readouterr().err
    assert (f"net.prototxt:3: the Python layer `p` would run the class `Guest` of the module `guest` "
            f"({folder}/guest.py).\nPython layers are refused by ") in said
    assert not (folder / "ran").exists()


@pytest.mark.parametrize("command", RUNNING)
def test_it_runs_where_the_user_runs_the_net_and_is_named_before(command, folder, capsys):
    assert main(command.split()) == 0
    assert (folder / "ran").exists()
    assert f"The layer p runs the class `Guest` of the module `guest` ({folder}/guest.py)\n" in capsys.readouterr().err


@pytest.mark.parametrize("command", [LOOKING[0], LOOKING[3]])
def test_the_environment_may_allow_it_everywhere(command, folder, monkeypatch, capsys):
    monkeypatch.setenv(VARIABLE, "run")
    main(command.split())
    assert (folder / "ran").exists()


@pytest.mark.parametrize("command", LOOKING)
def test_an_empty_word_of_the_environment_allows_nothing_more(command, folder, monkeypatch):
    monkeypatch.setenv(VARIABLE, "")
    assert main(command.split()) == 2
    assert not (folder / "ran").exists()


def test_the_environment_may_refuse_it_everywhere(folder, monkeypatch, capsys):
    monkeypatch.setenv(VARIABLE, "refuse")
    assert main(RUNNING[0].split()) == 2
    with pytest.raises(InputError, match=r"the Python layer `p` would run the class `Guest`"):
        load_backend("torch").Net("net.prototxt", 1)
    monkeypatch.setenv(VARIABLE, "perhaps")
    with pytest.raises(InputError, match=f"{VARIABLE}=perhaps; it must be refuse or run"):
        load_backend("torch").Net("net.prototxt", 1)
    assert not (folder / "ran").exists()


def test_a_package_is_found_without_being_imported(folder, monkeypatch):
    package = folder / "guests"
    package.mkdir()
    (package / "__init__.py").write_text("open('ran', 'w').close()", encoding="utf-8")
    text = NET.replace('"guest"', '"guests.one"')
    for module, where in (("guests.one", f"(in {package}/__init__.py)"), ("nowhere", "(which is not found)")):
        (folder / "net.prototxt").write_text(text.replace("guests.one", module), encoding="utf-8")
        monkeypatch.setenv(VARIABLE, "refuse")
        with pytest.raises(InputError) as caught:
            load_backend("torch").Net("net.prototxt", 1)
        assert where in str(caught.value)
    assert not (folder / "ran").exists()


def test_real_caffe_is_not_given_such_a_net(folder, caffe_command):
    done = subprocess.run([sys.executable, "-m", "cae_caffe", "summary", "net.prototxt", "--backend", "caffe"],
                          capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 2 and "the Python layer `p` would run" in done.stderr
    assert not (folder / "ran").exists()


def test_layers_with_the_same_code_are_told_once(folder, capsys):
    layer = "\n".join(NET.splitlines()[2:4]) + "\n"
    (folder / "net.prototxt").write_text(NET + layer.replace('"p"', '"q"'))
    assert main(["summary", "net.prototxt"]) == 2
    said = capsys.readouterr().err
    assert said.count("would run") == 1 and "guest.py) (2 times: lines 3, 6)" in said


def test_stand_ins_of_this_package_are_no_foreign_code(folder, capsys, monkeypatch):
    proposal = NET.replace('"guest"', '"rpn.proposal_layer"').replace('"Guest"', '"ProposalLayer"')
    net, lines = schema.parse_text(proposal, schema.NetParameter).layer, [2, 3, 5]
    monkeypatch.setenv(VARIABLE, "refuse")
    python_layers.check(net, "net.prototxt", lines)
    (folder / "rpn").mkdir()
    (folder / "rpn" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(folder))
    for name in [name for name in sys.modules if name.partition(".")[0] == "rpn"]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(InputError, match=r"would run the class `ProposalLayer` of the module `rpn.proposal_layer`"):
        python_layers.check(net, "net.prototxt", lines)
