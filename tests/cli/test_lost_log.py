"""A log that cannot be written ends no training, and no failure is status 0 for it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import small_training

from cae_caffe.engine import log
from cae_caffe.running.processes import this_python

pytest.importorskip("torch", reason="the embedded engine trains")
SOLVER = "max_iter: 40 snapshot: 20 display: 1"
TRAIN = ("train", "-solver", "solver.prototxt", "--backend", "torch")


def run(folder, shell, *words):
    """`cae-caffe WORDS` with `shell` behind it; the exit status of the command itself."""
    line = f'"$0" -m cae_caffe "$@" {shell}; exit ${{PIPESTATUS[0]}}'
    done = subprocess.run(["bash", "-c", line, sys.executable, *words], cwd=folder, stdin=subprocess.DEVNULL,
                          capture_output=True, check=False, env=this_python().variables, timeout=300)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The files of a run with its log."""
    folder = tmp_path_factory.mktemp("trained")
    small_training.write(folder, SOLVER)
    assert run(folder, "", *TRAIN)[0] == 0
    return {path.name: path.read_bytes() for path in folder.glob("small_iter_*")}


@pytest.mark.parametrize("shell", ["2>/dev/full", ">&- 2>&-", "2>&1 | head -1"])
def test_training_goes_on_without_its_log(shell, trained, tmp_path):
    small_training.write(tmp_path, SOLVER)
    status, said = run(tmp_path, shell, *TRAIN)
    assert status == 0 and b"Traceback" not in said and b"Exception" not in said
    assert {path.name: path.read_bytes() for path in tmp_path.glob("small_iter_*")} == trained and len(trained) == 6


@pytest.mark.parametrize("shell", ["2>/dev/full", "2>&-"])
def test_a_failure_is_one_without_a_log_too(shell, tmp_path):
    assert run(tmp_path, shell, "train", "-solver", "none.prototxt", "--backend", "torch")[0] == 2


@pytest.mark.parametrize("shell", [">/dev/full", "| true"])
def test_what_a_command_makes_is_made_though_nobody_reads_what_it_prints(shell, tmp_path):
    small_training.write(tmp_path)
    status, said = run(tmp_path, shell, "figure", "architecture", "net.prototxt", "--out", "a.png")
    assert status == 0 and b"Exception" not in said and (tmp_path / "a.png").exists()


def test_a_reader_who_has_seen_enough_is_no_failure(tmp_path):
    small_training.write(tmp_path)
    status, said = run(tmp_path, "2>&1 | true", "summary", "net.prototxt")
    assert status == 0 and not said


def test_the_log_of_a_script_ends_it_neither(monkeypatch):
    with open("/dev/full", "w", encoding="utf-8", buffering=1) as full:
        monkeypatch.setattr(log, "_minimum", 0)
        for stream in (full, None):
            monkeypatch.setattr(sys, "stderr", stream)
            log.info("a.cpp:1", "lost")
        with log.to(full):
            log.info("a.cpp:1", "lost")
        monkeypatch.undo()
        os.dup2(os.open(os.devnull, os.O_WRONLY), full.fileno())        # else its end fails
