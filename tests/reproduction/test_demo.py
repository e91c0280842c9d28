"""The demo's own parts; the commands that it strings together have tests of their own."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import pytest

from cae_caffe import InputError, RunError, schema
from cae_caffe.analysis.log import read_log
from cae_caffe.cli.programs import CAE_CAFFE, MAKE_PROTOTXT
from cae_caffe.reproduction import demo

ROOT = Path(__file__).resolve().parents[2]
LOG = """Iteration 0, Testing net (#0)
    Test net output #0: cross_entropy_loss = 600
    Test net output #1: l2_error = 80
Iteration 0, loss = 600
    Train net output #0: cross_entropy_loss = 600 (* 1 = 600 loss)
    Train net output #1: l2_error = 80
Iteration 9, loss = 210.5
    Train net output #0: cross_entropy_loss = 210.5 (* 1 = 210.5 loss)
    Train net output #1: l2_error = 26.25
Iteration 10, Testing net (#0)
    Test net output #0: cross_entropy_loss = 208.126
    Test net output #1: l2_error = 26.5
Iteration 10, Testing net (#1)
    Test net output #0: cross_entropy_loss = 207
    Test net output #1: l2_error = 27
"""


@pytest.fixture
def in_the_repository(monkeypatch):
    monkeypatch.chdir(ROOT)


def test_the_last_test_falls_on_the_last_iteration(in_the_repository, tmp_path):
    for iterations, interval in ((2000, 500), (7, 7), (20000, 5000)):
        demo.write_solver(tmp_path / "solver.prototxt", Path("results/demo/cae1-n2"), iterations)
        assert schema.read_solver(tmp_path / "solver.prototxt").test_interval == interval


def test_the_short_solver_is_the_papers_but_for_its_length(in_the_repository, tmp_path):
    demo.write_solver(tmp_path / "solver.prototxt", Path("results/demo/cae1-n2"), 2001)
    short = schema.read_solver(tmp_path / "solver.prototxt")
    assert (short.max_iter, short.test_interval, short.display, short.snapshot) == (2001, 2001, 21, 0)
    assert short.snapshot_prefix == "results/demo/cae1-n2"
    full = schema.read_solver("prototxt/cae1-n2/solver.prototxt")
    for field in ("max_iter", "test_interval", "display", "snapshot", "snapshot_prefix"):
        short.ClearField(field)
        full.ClearField(field)
    assert short == full


def test_the_table_has_the_last_losses_beside_the_papers(tmp_path):
    (tmp_path / "train.log").write_text(LOG)
    table = demo.loss_table(read_log(tmp_path / "train.log"), 10)
    assert "| this run, 10 iterations | 210.50; 26.25 | 208.13; 26.50 | 207.00; 27.00 |" in table
    assert "| paper, run 1, 20000 iterations | 152.68; 17.95 |  | 159.47; 18.71 |" in table
    assert len({line.count("|") for line in table.splitlines() if line.startswith("|")}) == 1


def test_a_run_of_no_iterations_is_refused_before_anything_is_done(tmp_path):
    with pytest.raises(InputError, match="--iterations is 0; at least 1 is needed"):
        demo.run_demo(CAE_CAFFE, MAKE_PROTOTXT, tmp_path / "out", iterations=0)
    assert not (tmp_path / "out").exists()


def test_a_file_in_place_of_the_folder_is_refused_before_anything_is_done(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"--out .*file is a file, but several go there; name a folder"):
        demo.run_demo(CAE_CAFFE, MAKE_PROTOTXT, tmp_path / "file")


def test_training_keeps_the_log_and_shows_its_losses(tmp_path, monkeypatch, capsys):
    _train_by(monkeypatch, f"sys.stderr.write('Engine: E\\n' + {LOG!r})")
    demo._train(CAE_CAFFE, [], tmp_path / "train.log", 10)
    assert (tmp_path / "train.log").read_text() == "Engine: E\n" + LOG
    assert capsys.readouterr().out.splitlines() == ["Engine: E", "Iteration 0, loss = 600", "Iteration 9, loss = 210.5"]


def test_without_a_terminal_a_tenth_of_the_way_is_one_line(capsys):
    tell = demo._Teller(100, types.SimpleNamespace(update=lambda n: None, n=0, disable=True))
    for iteration in range(0, 101, 2):
        tell(f"Iteration {iteration} (25 iter/s, 0.04s/1 iters), loss = 1")
    assert len(capsys.readouterr().out.splitlines()) == 11


def test_training_that_fails_shows_the_end_of_its_log(tmp_path, monkeypatch):
    _train_by(monkeypatch, "sys.stderr.write('one\\n' * 9 + 'the reason\\n'); sys.exit(3)")
    with pytest.raises(RunError, match=r"(?s)status 3; its log is .*train.log, and ends with:.*the reason$"):
        demo._train(CAE_CAFFE, [], tmp_path / "train.log", 10)


def _train_by(monkeypatch, source):
    monkeypatch.setattr(demo, "_announced", lambda program, words: [sys.executable, "-c", f"import sys; {source}"])
