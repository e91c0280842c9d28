"""`cae-caffe verify`: both engines side by side on one solver, the table, the verdict and the errors."""

from __future__ import annotations

import os
import re

import numpy as np
import pytest
import small_training

from cae_caffe import schema
from cae_caffe.cli import verify as command
from cae_caffe.cli.main import main
from cae_caffe.errors import InputError, RunError
from cae_caffe.running import verify as verification
from cae_caffe.running.processes import Python
from cae_caffe.running.trial import Trial, load, save
from cae_caffe.running.verify import compare, table, verify

pytest.importorskip("torch", reason="the embedded engine needs PyTorch")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_net_on_which_the_engines_agree(caffe_command, folder, capsys):
    small_training.write(folder, 'snapshot: 1 display: 1 test_iter: 1 test_interval: 1 momentum: 0.9')
    before = sorted(os.listdir("."))
    assert main(["verify", "solver.prototxt", "--iterations", "3"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("real Caffe 1.0.0 on CPU and embedded (PyTorch ") and "from seed 7\n" in text
    assert re.search(r"^encode\[0\] +6x12 +none of 72 ", text, re.MULTILINE)
    assert re.findall(r"^(\d+) +[\d.]+ +[\d.]+ +[-\d.e]+$", text, re.MULTILINE) == ["0", "1", "2"]
    assert "Initial weights: the same bytes." in text and text.endswith("The engines agree.\n")
    assert sorted(os.listdir(".")) == before


# ---- what counts as agreement

def _trial(losses=(2.0, 1.0), weights=(0.5, -2.0), start=(1.0, 2.0)):
    return Trial("an engine", ["ip[0]"], [np.array(start, np.float32)], [np.array(weights, np.float32)],
                 np.array(losses), np.full(len(losses), 0.01))


def _compared(**ours):
    return compare(_trial(), _trial(**ours), seed=1)


def test_equal_trials_agree():
    comparison = _compared()
    assert comparison.agrees and comparison.identical_start
    assert comparison.parameters[0].difference == comparison.loss_differences.max() == 0


@pytest.mark.parametrize("ours, agrees", [({"losses": (2.0, 1.0009)}, True), ({"losses": (2.003, 1.0)}, False),
                                          ({"weights": (0.5019, -2.0)}, True), ({"weights": (0.5021, -2.0)}, False),
                                          ({"weights": (np.nan, -2.0)}, False), ({"losses": (2.0, np.nan)}, False),
                                          ({"start": (1.0, -2.0)}, True)])
def test_the_tolerances(ours, agrees):
    comparison = _compared(**ours)
    assert comparison.agrees is agrees
    assert ("The engines agree." if agrees else "THE ENGINES PART.") in table(comparison)


def test_losses_that_are_no_number_on_both_sides_agree():
    assert compare(_trial(losses=(1.0, np.nan)), _trial(losses=(1.0, np.nan)), seed=1).agrees


def test_all_but_zero_parameters_are_not_held_against_each_other():
    assert compare(_trial(weights=(0, 1e-9)), _trial(weights=(0, -1e-9)), seed=1).agrees


def test_initial_weights_differ_by_bits():
    comparison = compare(_trial(start=(0.0, 1.0)), _trial(start=(-0.0, 1.0)), seed=1)
    assert comparison.parameters[0].differing == 1
    assert "1 of 2" in table(comparison) and "Initial weights: NOT the same bytes." in table(comparison)


def test_parting_engines_have_exit_status_1(monkeypatch, capsys):
    monkeypatch.setattr(command, "python_with_caffe", lambda: Python(["python3"], {}))
    monkeypatch.setattr(command, "verify", lambda *_: _compared(losses=(2.0, 1.1)))
    assert main(["verify", "solver.prototxt"]) == 1
    assert capsys.readouterr().out.endswith("THE ENGINES PART.\n")


def test_a_trial_is_kept_whole(tmp_path):
    trial = Trial("e", ["conv1/7x7[0]"], [np.ones((2, 3), np.float32)], [np.zeros((2, 3), np.float32)], np.array([1.5]),
                  np.array([0.25]))
    save(trial, str(tmp_path / "t.npz"))
    again = load(str(tmp_path / "t.npz"))
    assert (again.engine, again.names, again.losses, again.seconds) == ("e", ["conv1/7x7[0]"], [1.5], [0.25])
    assert again.initial[0].shape == (2, 3) and not again.final[0].any()


# ---- errors

def test_no_real_caffe(monkeypatch, capsys):
    monkeypatch.setattr(command, "python_with_caffe", lambda: None)
    assert main(["verify", "solver.prototxt"]) == 2
    assert "verify needs real Caffe beside the embedded engine" in capsys.readouterr().err


@pytest.fixture
def no_caffe_needed(monkeypatch):
    monkeypatch.setattr(command, "python_with_caffe", lambda: Python(["false"], {}))


def test_a_missing_solver(no_caffe_needed, folder, capsys):
    assert main(["verify", "none.prototxt"]) == 2
    assert capsys.readouterr().err.startswith("cae-caffe verify: none.prototxt: there is no such file")


def test_no_iterations(no_caffe_needed, folder, capsys):
    small_training.write(folder)
    assert main(["verify", "solver.prototxt", "--iterations", "0"]) == 2
    assert "--iterations 0 compares nothing; give at least 1." in capsys.readouterr().err


def test_what_the_embedded_engine_refuses_is_wrong_input(folder):
    small_training.write(folder, text=small_training.net().replace('"Sigmoid"', '"Sigmoit"'))
    with pytest.raises(InputError, match=r"^This engine cannot build .*did you mean `Sigmoid`\?"):
        verify("solver.prototxt", 1, Python(["false"], {}))


@pytest.mark.parametrize("status, said, told", [
    (134, "F1122 11:00:00.123456  4242 net.cpp:86] Check failed: a == b (1 vs. 2) \n*** Check failure stack trace: ***",
     "net.cpp:86] Check failed: a == b (1 vs. 2)"),
    (139, "WARNING: logging\nSegmentation fault", "Segmentation fault"), (1, "", "it said nothing")])
def test_real_caffes_failure_is_told(status, said, told, folder):
    (folder / "said").write_text(said)
    caffe = Python(["/bin/sh", "-c", f"cat said; exit {status}"], dict(os.environ))
    with pytest.raises(RunError) as raised:
        verification._trial("caffe", caffe, "/tmp/copy.prototxt", 1, "s.prototxt")
    assert str(raised.value).startswith(f"Real Caffe fails on s.prototxt (status {status}): {told}")


def test_an_error_names_the_users_solver_and_not_the_copy(folder):
    (folder / "said").write_text("/tmp/copy.prototxt: wrong")
    with pytest.raises(InputError, match=r"^s.prototxt: wrong"):
        verification._trial("torch", Python(["/bin/sh", "-c", "cat said; exit 2"], {}), "/tmp/copy.prototxt", 1,
                            "s.prototxt")


def test_a_solver_without_a_seed_gets_one_for_both(folder, monkeypatch):
    small_training.write(folder, "random_seed: -1 snapshot: 5 test_iter: 1 test_interval: 1 display: 1")
    seen = []

    def trial(engine, python, solver, *_):
        seen.append(schema.read_solver(solver))
        return _trial()
    monkeypatch.setattr(verification, "_trial", trial)
    assert verify("solver.prototxt", 1, Python(["false"], {})).seed == 1
    assert seen[0] == seen[1] and seen[0].random_seed == 1
    assert (seen[0].snapshot, seen[0].display, seen[0].test_initialization) == (0, 0, False)
    assert not seen[0].snapshot_prefix.startswith(str(folder))


def test_nets_with_other_parameters_cannot_be_compared(folder, monkeypatch):
    small_training.write(folder)
    trials = {"torch": _trial(), "caffe": _trial(start=(1.0, 2.0, 3.0))}
    monkeypatch.setattr(verification, "_trial", lambda engine, *_: trials[engine])
    with pytest.raises(RunError, match=r"build different nets: real Caffe's alone has the parameters ip\[0\] \(3,\); "
                                       r"the embedded engine's alone has ip\[0\] \(2,\)"):
        verify("solver.prototxt", 1, Python(["false"], {}))


def test_a_net_of_a_fork_is_told_before_anything_runs(no_caffe_needed, folder, capsys):
    (folder / "fork.prototxt").write_text("""
layer { name: "x" type: "DummyData" top: "x" dummy_data_param { shape { dim: 2 dim: 2 } } }
layer { name: "p" type: "Permute" bottom: "x" top: "y" permute_param { order: 1 } }
layer { name: "d" type: "Dropout" bottom: "y" top: "y" dropout_param { scale_train: false } }""")
    (folder / "solver.prototxt").write_text('net: "fork.prototxt" base_lr: 0.1 lr_policy: "fixed"')
    assert main(["verify", "solver.prototxt"]) == 2
    said = capsys.readouterr().err
    assert ("fork.prototxt: real Caffe 1.0 has not the layer type `Permute`, the field `permute_param` of "
            "LayerParameter, the field `scale_train` of DropoutParameter; forks have") in said
