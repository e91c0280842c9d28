"""scripts/benchmark: what it makes of samples, that its sides rest between turns, and that it runs and reports all."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import pytest
import torch

sys.path.append(str(Path(__file__).resolve().parents[1] / "scripts"))       # the benchmark is outside the package

from benchmarks import __main__ as benchmark
from benchmarks import contests, eager, samples, sides, targets, workspace
from benchmarks.nets import NETS
from benchmarks.processes import SideProcess
from benchmarks.report import report

from cae_caffe.errors import InputError, RunError
from cae_caffe.models import PAPER

GIB = 2**30


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A workspace whose synthetic data are a few batches."""
    few = {name: (200, shape) for name, (_, shape) in workspace.SYNTHETIC.items()}
    monkeypatch.setattr(workspace, "SYNTHETIC", few)
    return workspace.Workspace(tmp_path)


def test_a_ratio_is_taken_round_by_round():
    # The third round was slow for both: the medians' ratio would be 50 / 20, the rounds' is 2.
    assert samples.ratio([60, 50, 8], [30, 20, 4]) == {
        "median": 2, "lowest": 2, "highest": 2.5, "rounds": [2, 2.5, 2]}


def test_rounds_of_different_number_have_no_ratio():
    with pytest.raises(ValueError, match="3 rounds cannot be divided by 2"):
        samples.ratio([1, 2, 3], [1, 2])


def test_the_best_side_is_that_of_the_highest_median_not_of_one_lucky_round():
    assert samples.best({"1 thread": [10, 11, 12], "2 threads": [9, 10, 40]}) == "1 thread"


def _entry(engine, label, rates, peak, **more):
    about = {"version": "1", "python": "3", "wait_policy": "passive"}
    return {"engine": engine, "label": label, "rate": samples.summary(rates),
            "processor_rate": samples.summary(rates), "peak_bytes": peak, "about": about,
            "others": [0.0] * len(rates), **more}


def _results(**record):
    """Results of one net, cae1, as the benchmark holds them."""
    return {
        "version": "0", "settings": {"rounds": 1, "seconds": 1.0}, "load": {"before": 0.1, "after": 0.2},
        "machine": {"processor": "P", "cores": 2, "memory_bytes": GIB, "system": "S"},
        "others": {"idle": 0.0, "mean": 0.0, "most": 0.0, "stolen_seconds": 0.0},
        "training": {"cae1": {"title": "T", "batch": 100, "real_data": True, **record}}, "encoding": {},
        "commands": {}, "failures": {}, "targets": [],
    }


def _measured():
    entries = [_entry("caffe", "1 thread", [10.0], GIB), _entry("eager", "1 thread", [30.0], GIB),
               _entry("engine", "1 thread", [150.0], 2 * GIB, products_only=samples.summary([200.0]),
                      share_of_limit=samples.summary([0.75]))]
    return _results(sides=entries, best={entry["engine"]: "1 thread" for entry in entries},
                    processor_ratios={"eager": samples.summary([5.5])},
                    ratios={"caffe": samples.summary([15.0]), "eager": samples.summary([5.0])},
                    memory_ratios={"caffe": 2.0, "eager": 2.0})


def test_targets_are_met_or_not():
    met = {target["title"]: target["met"] for target in targets.judge(_measured())}
    assert met == {"cae1: times real Caffe": True, "cae1: times plain PyTorch": False,
                   "cae1: share of its matrix products' rate": True, "cae1: memory, times plain PyTorch": False}


def test_a_target_without_real_caffe_is_not_measured():
    results = _measured()
    record = results["training"]["cae1"]
    for field in ("ratios", "best"):
        del record[field]["caffe"]
    record["sides"] = record["sides"][1:]
    judged = {target["title"]: target for target in targets.judge(results)}
    assert judged["cae1: times real Caffe"]["value"] is judged["cae1: times real Caffe"]["met"] is None
    assert "REAL CAFFE IS NOT HERE" in report(results)


def test_the_report_is_quiet_on_a_quiet_machine_and_loud_on_a_busy_one():
    results = _measured()
    assert "***" not in report(results)
    results["others"]["mean"] = 0.6
    assert "*** THIS MACHINE WAS NOT IDLE" in report(results)


@pytest.mark.parametrize("name, parameters", [
    ("classic", PAPER["classic-1000-500-250-n30"].parameters), ("cae1", PAPER["cae1-n2"].parameters),
    ("cae2", PAPER["cae2-n30"].parameters), ("lenet", 431080), ("cifar10", 145578)])
def test_plain_pytorch_trains_nets_of_the_same_size(name, parameters):
    assert sum(p.numel() for p in eager.MODELS[name]().parameters()) == parameters


@pytest.mark.parametrize("name", NETS)
def test_plain_pytorch_learns_the_nets_it_is_given(name, place, monkeypatch):
    net = NETS[name]
    task = place.training(net, sides.Side(sides.EAGER, 1))
    monkeypatch.chdir(place.folder)
    task.pop("task")
    torch.manual_seed(1)        # by chance, a step may leave the loss as it is to the last bit of float32
    side = eager.Eager(**task)
    before = side.loss().item()
    side.run(1)
    assert 0 < side.loss().item() != before


def test_a_solver_of_the_benchmark_trains_and_nothing_else(place):
    text = Path(place.solver(NETS["cae1"])).read_text(encoding="utf-8")
    assert "base_lr: 0.006" in text
    assert not any(field in text for field in ("test_i", "test_state", "snapshot:"))


def _state(pid):
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0]


def test_a_side_is_stopped_but_for_its_turns_and_ended_with_its_block(place):
    side = sides.Side(sides.ENGINE, 1)
    with SideProcess(side, place.training(NETS["lenet"], side), place.folder) as process:
        about = process.wait_until_ready()
        assert about["wait_policy"] == "active" and about["threads"] == "1"
        assert _state(process.pid) == "T"
        turn = process.take_turn("run", 1)
        assert _state(process.pid) == "T"
        assert turn.seconds > 0 and process.peak_bytes > 50e6     # more than PyTorch itself needs
    assert not Path(f"/proc/{process.pid}").exists()


def test_a_side_that_fails_says_why(place):
    side = sides.Side(sides.ENGINE, 1)
    task = {"task": "train", "engine": "engine", "threads": 1, "solver": "missing.prototxt"}
    said = r"(?s)this engine, 1 thread, failed.*missing\.prototxt"
    with SideProcess(side, task, place.folder) as process, pytest.raises(RunError, match=said):
        process.wait_until_ready()


def _arguments(**given):
    return argparse.Namespace(**{"only": ["lenet"], "rounds": 1, "seconds": 0.001, "quick": False, "out": "", **given})


@pytest.mark.parametrize("given", [{"rounds": 0}, {"seconds": 0.0}])
def test_no_round_or_no_time_is_refused(given):
    with pytest.raises(InputError, match="at least one round"):
        benchmark.run(_arguments(**given))


def _run(monkeypatch, tmp_path, only, *engines):
    """Run parts of the benchmark with one thread for each engine; returns the JSON."""
    few = {name: (200, shape) for name, (_, shape) in workspace.SYNTHETIC.items()}
    monkeypatch.setattr(workspace, "SYNTHETIC", few)
    monkeypatch.setattr(benchmark, "IDLE_SECONDS", 0.01)
    for function in ("training_sides", "encoding_sides"):
        monkeypatch.setattr(contests, function, lambda: [sides.Side(engine, 1) for engine in engines])
    assert benchmark.run(_arguments(only=only, out=tmp_path / "benchmark.json")) == 0
    return json.loads((tmp_path / "benchmark.json").read_text(encoding="utf-8"))


def test_a_run_prints_its_table_and_writes_all_fields(monkeypatch, tmp_path, capsys):
    results = _run(monkeypatch, tmp_path, ["cae1", "commands"], sides.EAGER, sides.ENGINE)
    assert set(results) == {"version", "started", "settings", "machine", "load", "others", "training", "encoding",
                            "commands", "failures", "targets"}
    record = results["training"]["cae1"]
    assert set(record) == {"title", "batch", "real_data", "sides", "best", "ratios", "processor_ratios",
                           "memory_ratios"}
    ours = next(entry for entry in record["sides"] if entry["engine"] == "engine")
    assert set(ours) == {"engine", "label", "rate", "processor_rate", "peak_bytes", "about", "others", "products_only",
                         "share_of_limit"}
    assert record["processor_ratios"]["eager"]["median"] > 0
    assert ours["products_only"]["median"] > 0 and len(ours["rate"]["rounds"]) == 1
    for title in ("cae-caffe --version", "cae-caffe train, CAE Model 1, no iterations",
                  "cae-caffe data idx, 200 images of 28 x 28"):
        assert results["commands"][title]["median"] > 0
    printed = capsys.readouterr()
    for words in ("Training", "this engine / plain PyTorch", "products alone/s", "Commands", "Targets",
                  "cae1: times real Caffe", "not measured"):
        assert words in printed.out
    assert "cae1: round 1/1" in printed.err


def test_real_caffe_trains_and_encodes_too(caffe_command, monkeypatch, tmp_path):
    if not sides.has_caffe():
        pytest.skip("real Caffe is not here: the benchmark takes that of .caffe/ alone")
    results = _run(monkeypatch, tmp_path, ["lenet", "encode"], sides.CAFFE, sides.ENGINE)
    for record in (results["training"]["lenet"], results["encoding"]):
        assert record["best"] == {"caffe": "1 thread", "engine": "1 thread"}
        assert record["ratios"]["caffe"]["median"] > 0 and record["memory_ratios"]["caffe"] > 0
