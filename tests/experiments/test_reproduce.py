"""Runs over seeds: made in processes of their own, never twice, resumed, recorded, and set beside the paper's."""

import json

import pytest
import small_training

from cae_caffe.errors import InputError, RunError
from cae_caffe.experiments import reproduce as module
from cae_caffe.experiments.jobs import run_all
from cae_caffe.experiments.runs import Run

MODEL = "cae1-n2"        # a name of the paper's; what is trained here under it is a few neurons
SOLVER = """
test_state { stage: "on-train" } test_state { }
test_iter: 3 test_iter: 4 test_interval: 5 max_iter: 10 display: 5 snapshot: 4
"""


@pytest.fixture
def make_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = small_training.net(l2="loss_weight: 0")
    for old, new in (("entropy", "cross_entropy_loss"), ("l2", "l2_error")):
        text = text.replace(f'"{old}"', f'"{new}"')
    solver = small_training.write(tmp_path, SOLVER, text)
    (tmp_path / "prototxt" / MODEL).mkdir(parents=True)
    solver.rename(tmp_path / "prototxt" / MODEL / "solver.prototxt")
    return lambda seed, **options: Run(MODEL, seed, tmp_path / "out" / "runs" / f"{MODEL}-seed{seed}", **options)


def test_runs_are_recorded_and_not_repeated(make_run):
    runs, said = [make_run(1), make_run(2)], []
    run_all(runs, jobs=2, say=said.append)
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
    run_all(runs, jobs=2, say=said.append)
    assert said[-1] == "2 of 2 runs are done already."
    assert before == [(run.folder / "result.json").stat().st_mtime_ns for run in runs]


def test_a_run_of_another_length_is_made_anew(make_run):
    run_all([make_run(1, iterations=5)], 1, lambda line: None)
    assert make_run(1).result() is None
    assert make_run(1, iterations=5).result()["iterations"] == 5


def test_an_interrupted_run_goes_on_from_its_newest_snapshot(make_run):
    run = make_run(1)
    assert "-snapshot" not in run.command()
    for iteration in (4, 8, 12):         # the last is beyond the end: of a longer run
        (run.folder / f"{MODEL}_iter_{iteration}.solverstate").write_bytes(b"")
    assert run.command()[-2:] == ["-snapshot", str(run.folder / f"{MODEL}_iter_8.solverstate")]


def test_a_failed_run_is_named_with_its_last_words(make_run, tmp_path):
    (tmp_path / "train.txt").unlink()
    with pytest.raises(RunError, match=r"cae1-n2, seed 3 .*train.txt"):
        run_all([make_run(3)], 1, lambda line: None)
    assert make_run(3).result() is None


def test_the_table_sets_the_papers_losses_beside_ours(make_run, tmp_path):
    group = [make_run(seed) for seed in (1, 2)]
    for run, losses in zip(group, ((159.9, 18.7), (170.0, 20.0))):
        run.folder.mkdir(parents=True)
        pair = dict(zip(module.LOSSES, losses))
        (run.folder / "result.json").write_text(json.dumps(
            {"iterations": 10, "engine": "E", "train": {name: 1.0 for name in pair}, "test": pair}))
    rows = module.table_text(4, group, 2).splitlines()[-2:]
    assert rows[0] == ("| cae1-n2 | train | 1.00; 1.00 | 1.00; 1.00 | 152.68; 17.95 / 151.83; 17.61 / 156.65; 18.46 | no |")
    assert rows[1] == ("| | test | 159.90; 18.70 | 170.00; 20.00 | 159.47; 18.71 / 160.10; 18.76 / 159.76; 18.66 | yes |")


@pytest.mark.parametrize("options, message", [
    ({"tables": [2]}, "Table 2 cannot be reproduced by training"),
    ({"tables": [4], "runs": 0}, "must be at least 1"),
])
def test_wrong_numbers_are_refused(tmp_path, options, message):
    with pytest.raises(InputError, match=message):
        module.reproduce(out=tmp_path, **options)
