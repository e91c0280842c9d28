"""Runs over seeds: made in processes of their own, never twice, resumed, recorded and measured."""

import json
import os
import shutil
import subprocess
import sys

import pytest
import small_training

from cae_caffe import locks, schema
from cae_caffe.cli.programs import CAE_CAFFE
from cae_caffe.errors import InputError, RunError
from cae_caffe.reproduction import reproduce as module
from cae_caffe.reproduction.measures import process as measuring
from cae_caffe.reproduction.questions import variants
from cae_caffe.reproduction.runs import record
from cae_caffe.reproduction.runs.plan import Plan
from cae_caffe.reproduction.runs.run import Run
from cae_caffe.reproduction.scheduler import jobs
from cae_caffe.reproduction.scheduler.jobs import run_all

MODEL = "cae1-n2"        # a name of the paper's; what is trained here under it is a few neurons
SOLVER = """
test_state { stage: "on-train" } test_state { }
test_iter: 3 test_iter: 4 test_interval: 5 max_iter: 10 display: 5 snapshot: 4
"""


def _lay_out(tmp_path):
    """A small net, its data and its solver under a model's name."""
    text = small_training.net(l2="loss_weight: 0")
    for old, new in (("entropy", "cross_entropy_loss"), ("l2", "l2_error")):
        text = text.replace(f'"{old}"', f'"{new}"')
    solver = small_training.write(tmp_path, SOLVER, text)
    folder = tmp_path / "prototxt" / MODEL
    folder.mkdir(parents=True)
    solver.rename(folder / "solver.prototxt")
    for name in ("train_test.prototxt", "deploy.prototxt"):
        (folder / name).write_text(text)


def _run(folder, seed, **options):
    return Run(MODEL, seed, folder / "out" / "runs" / f"{MODEL}-seed{seed}", **options)


@pytest.fixture
def make_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _lay_out(tmp_path)
    monkeypatch.setattr(measuring, "wanted", lambda run: False)     # what is trained here has no classes
    return lambda seed, **options: _run(tmp_path, seed, **options)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with a finished run of 5 iterations, trained once for all tests that look at one."""
    folder = tmp_path_factory.mktemp("trained")
    _lay_out(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(measuring, "wanted", lambda run: False)
        run_all([_run(folder, 1, iterations=5)], 1, CAE_CAFFE, lambda line: None)
    return folder / "out"


@pytest.fixture
def finished(trained, make_run, tmp_path):
    """A copy of that run."""
    shutil.copytree(trained, tmp_path / "out")
    return make_run(1, iterations=5)


def test_runs_are_recorded_and_not_repeated(make_run):
    runs, said = [make_run(1), make_run(2)], []
    run_all(runs, 2, CAE_CAFFE, said.append)
    results = [run.result() for run in runs]
    assert [result["seed"] for result in results] == [1, 2]
    for run, result in zip(runs, results):
        assert result["iterations"] == 10 and "PyTorch" in result["engine"]
        assert [point[0] for point in result["curves"]["loss"]] == [0, 5, 10]
        assert [point[0] for point in result["curves"]["test"]["l2_error"]] == [0, 5, 10]
        assert result["test"]["l2_error"] == result["curves"]["test"]["l2_error"][-1][1]
        # Of the snapshots only the trained weights stay.
        assert [path.name for path in sorted(run.folder.glob("*_iter_*"))] == [run.weights.name]
    assert results[0]["test"] != results[1]["test"]
    before = [(run.folder / "result.json").stat().st_mtime_ns for run in runs]
    run_all(runs, 2, CAE_CAFFE, said.append)
    assert said[-1] == "2 of 2 runs are done already."
    assert before == [(run.folder / "result.json").stat().st_mtime_ns for run in runs]


def test_a_run_of_another_length_is_made_anew(finished, make_run):
    assert make_run(1).result() is None
    assert make_run(1, iterations=5).result()["iterations"] == 5


def test_an_interrupted_run_goes_on_from_its_newest_snapshot(make_run):
    run = make_run(1)
    assert "-snapshot" not in run.words()
    for iteration in (4, 7, 8, 12):         # the last is beyond the end: of a longer run; 7 an interrupt left
        _snapshot(run, iteration)
    assert run.words()[-2:] == ["-snapshot", f"{run.prefix}_iter_8.solverstate"]


def test_a_broken_snapshot_is_told_and_passed_over(make_run):
    run, said = make_run(1), []
    run.prepare()
    for iteration in (4, 8):
        _snapshot(run, iteration)
    state = f"{run.prefix}_iter_8.solverstate"
    with open(state, "wb"):     # as a loss of power left it behind version 0.1.0
        pass
    assert run.words(said.append)[-2:] == ["-snapshot", f"{run.prefix}_iter_4.solverstate"]
    assert said == [f"The snapshot {state} is passed over: {state}: it names no weights, so it is empty or damaged."]


def _snapshot(run, iteration):
    """A snapshot as real Caffe writes it."""
    stem = f"{run.prefix}_iter_{iteration}"
    net = schema.NetParameter(layer=[schema.LayerParameter(name="a", type="Sigmoid")])
    schema.write_binary(net, f"{stem}.caffemodel")
    schema.write_binary(schema.SolverState(iter=iteration, learned_net=f"{stem}.caffemodel"), f"{stem}.solverstate")


def test_a_locked_run_is_waited_for_and_that_is_said(make_run, monkeypatch):
    run, said = make_run(1, iterations=5), []
    run.folder.mkdir(parents=True)
    lock = locks.take(run.folder / jobs.LOCK)
    monkeypatch.setattr(jobs, "ELSEWHERE", 0.0)

    def say(line):
        said.append(line)
        locks.release(lock)
    monkeypatch.setattr(jobs._Pool, "_started", lambda self, run, step, lock: pytest.fail("ended"))
    with pytest.raises(pytest.fail.Exception, match="ended"):
        run_all([run], 1, CAE_CAFFE, say)
    assert len(said) == 1 and f"{run.name}: waits for process {os.getpid()} on host " in said[0]


def test_a_failed_run_is_named_with_its_last_words(make_run, tmp_path):
    (tmp_path / "train.txt").unlink()
    with pytest.raises(RunError, match=r"cae1-n2, seed 3 .*train.txt"):
        run_all([make_run(3)], 1, CAE_CAFFE, lambda line: None)
    assert make_run(3).result() is None


def test_records_hold_what_is_needed_to_repeat_the_run(finished):
    run, result = finished, finished.result()
    assert result["environment"]["numpy"] and result["environment"]["torch"] and result["threads"] == 1
    recorded, planned = schema.parse_solver(result["solver"], "result"), run.solver()
    planned.snapshot_prefix = recorded.snapshot_prefix      # where the copied run was made
    assert recorded == planned
    assert result["command"].startswith("cae-caffe train -solver ") and result["date"].endswith("+00:00")
    shown = json.loads((run.folder / "result.json").read_text())["train_last_displays"]
    assert set(shown) == {"cross_entropy_loss", "l2_error"}


def test_older_records_stay_valid_and_gain_what_their_logs_still_say(finished):
    run, made = finished, finished.result()
    older = {key: made[key] for key in ("model", "seed", "iterations", "engine", "version", "seconds",
                                        "train_last_batch", "train", "test", "curves")}
    record.save(run.folder, older)
    said = []
    run_all([run], 1, CAE_CAFFE, said.append)
    assert said == ["1 of 1 runs are done already."]
    assert run.result()["train_last_displays"] == made["train_last_displays"]
    assert run.result()["train_last_thousand"] == made["train_last_thousand"]
    assert "random_seed: 1" in run.result()["solver"]


@pytest.mark.parametrize("shown, found", [([0, 900, 1000, 2000, 2100], 2000), ([0, 50, 60], 60)])
def test_the_last_thousand_is_read_from_the_curve_where_the_log_is_gone(tmp_path, shown, found):
    end = shown[-1] + 50        # after it, a log has the loss alone
    result = {"iterations": end, "test": {}, "curves": {"loss": [[at, at / 10] for at in (*shown, end)]}}
    kept = {"cross_entropy_loss": found / 10}
    assert record.completed(tmp_path, result)["train_last_thousand"] == kept
    assert "train_last_thousand" not in record.completed(tmp_path, {**result, "variant": {"name": "of other losses"}})


def test_a_run_that_was_trained_but_not_recorded_is_recorded_alone(finished):
    run, made = finished, finished.result()
    (run.folder / "result.json").unlink()
    before = run.log.read_bytes()
    run_all([run], 1, CAE_CAFFE, lambda line: None)
    assert run.log.read_bytes() == before and run.result()["test"] == made["test"]


def test_a_finished_run_without_weights_is_finished_unless_they_are_needed(finished, make_run):
    finished.weights.unlink()
    assert finished.result() is not None
    assert make_run(1, iterations=5, needs_weights=True).result() is None


def test_a_variants_files_stand_in_its_folder_and_train(make_run):
    run = make_run(1, iterations=5, variant=variants.loss_weights(0, 1))
    run_all([run], 1, CAE_CAFFE, lambda line: None)
    net = schema.read_net(run.folder / "train_test.prototxt")
    assert {layer.name: list(layer.loss_weight) for layer in net.layer if layer.loss_weight} == {
        "cross_entropy_loss": [0], "l2_error": [1]}
    assert run.solver().net == (run.folder / "train_test.prototxt").as_posix()
    # What is minimised is the squared error.
    assert run.result()["curves"]["loss"][-1][1] < run.result()["test"]["cross_entropy_loss"]
    assert run.result()["variant"]["name"] == "weights0-1"


def test_finished_runs_are_measured_in_the_pool(finished, monkeypatch):
    run, after = finished, []
    monkeypatch.setattr(measuring, "wanted", lambda run: run.result() and not (run.folder / "measures.json").exists())
    monkeypatch.setattr(measuring, "command", lambda run: [
        sys.executable, "-c", "import sys; open(sys.argv[1], 'w').write('{}')", str(run.folder / "measures.json")])
    run_all([run], 1, CAE_CAFFE, lambda line: None, lambda: after.append((run.folder / "measures.json").exists()))
    assert after == [True]


def test_a_folder_that_another_process_has_locked_is_waited_for(tmp_path):
    mine = locks.take(tmp_path / "lock")
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=[mine])
    locks.release(mine)
    assert locks.take(tmp_path / "lock") is None         # for the child has it still
    child.communicate(b"\n")
    freed = locks.take(tmp_path / "lock")
    assert freed is not None
    locks.release(freed)


def test_the_times_of_a_resumed_runs_sessions_are_added(tmp_path):
    lines = ["Engine: E", "I1231 23:59:50.000000 1 a.cpp:1] x", "I1231 23:59:55.500000 1 a.cpp:1] y",
             "Engine: E", "I0102 00:00:00.000000 1 a.cpp:1] x", "I0102 00:01:00.000000 1 a.cpp:1] y"]
    (tmp_path / "train.log").write_text("\n".join(lines))
    assert record.seconds_of(tmp_path / "train.log") == 65.5


@pytest.mark.parametrize("options, message", [
    ({"tables": [6]}, "--table 6: there is no such table; choose from 1, 2, 3, 4, 5"),
    ({"questions": ["why"]}, "--question why: there is no such question"),
    ({"models": ["cae3-*"]}, "--model cae3-\\* is no model's name"),
    ({"tables": [4], "runs": 0}, "must be at least 1"),
])
def test_wrong_requests_are_refused(tmp_path, options, message):
    with pytest.raises(InputError, match=message):
        module.reproduce(module.Request(**options), Plan(tmp_path), CAE_CAFFE)
