"""NaN and infinity in training: told once, with the layer where they arose and the snapshot before; nothing else."""

from __future__ import annotations

import hashlib
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
import small_training

from cae_caffe import InputError, RunError, load_backend
from cae_caffe.running.solver import watch_for_nan
from cae_caffe.running.train import train
from cae_caffe.running.train_options import Options
from cae_caffe.running.train_together import train_together

pytest.importorskip("torch")
STEPS = "max_iter: 12 display: 4 snapshot: 2 "


@pytest.fixture
def run(tmp_path, monkeypatch, capfd):
    """Trains a small net and returns the warnings; `change` may change what is in the folder before."""
    monkeypatch.chdir(tmp_path)

    def run(solver=STEPS, change=lambda: None, together=(), **options):
        small_training.write(tmp_path, solver, options.pop("net", None))
        change()
        given = Options("solver.prototxt", **options)
        capfd.readouterr()
        if together:
            train_together(load_backend("torch"), given, together)
            logs = [path.read_text(encoding="utf-8") for path in sorted(tmp_path.glob("*.log"))]
            return [[line for line in log.splitlines() if line.startswith("W")] for log in logs]
        train(load_backend("torch"), given)
        return [line.split("] ", 1)[1] for line in capfd.readouterr().err.splitlines() if line.startswith("W")]
    return run


def spoil(value, row):
    """Put `value` into one image of the training data; a batch has 8."""
    with h5py.File("train.h5", "r+") as file:
        file["data"][row, 0, 1, 2] = value


@pytest.mark.parametrize("value, counts", [(np.nan, "1 NaN and 0 infinite"), (np.inf, "0 NaN and 1 infinite")])
def test_a_value_of_the_data_is_found_where_it_comes_in(run, value, counts):
    said, = run(change=lambda: spoil(value, 27))
    assert said == (
        "Iteration 3: NaN or infinity, first in layer `data` (type HDF5Data, net.prototxt:3): its top `data` has "
        f"{counts} among 96 values. The newest snapshot before it is small_iter_2; a smaller base_lr, clip_gradients, "
        "or other data may help.")


def test_a_rate_that_is_too_large_is_found_in_the_layer_that_overflows_first(run):
    said, = run("max_iter: 40 base_lr: 1e38 momentum: 0.9")
    assert said.startswith("Iteration ")
    assert "first in layer `encode` (type InnerProduct, net.prototxt:10): its " in said
    assert "No snapshot was written before it; " in said


def test_weights_that_were_read_are_found(run):
    def change():
        backend = load_backend("torch")
        net = backend.Net("net.prototxt", backend.TRAIN)
        net.params["decode"][1].data[3] = np.nan
        net.save("bad.caffemodel")

    said, = run(change=change, weights="bad.caffemodel")
    assert said.startswith("Iteration 0, loss = nan: NaN or infinity, first in layer `decode` (type InnerProduct, "
                           "net.prototxt:14): its parameter 1 has 1 NaN and 0 infinite among 12 values. No snapshot")


def test_a_gradient_alone_is_found_with_its_layer(run):
    # The square root of 0 is finite, its slope is not.
    root = 'layer { name: "root" type: "Power" bottom: "encode" top: "root" power_param { power: 0.5 } }\n'
    text = small_training.net().replace('layer { name: "encodesig"', root + 'layer { name: "encodesig"').replace(
        'bottom: "encode" top: "encodesig"', 'bottom: "root" top: "encodesig"').replace(
        'type: "gaussian" std: 0.5 sparse: 4', 'type: "constant"').replace("bias_filler { value: 0.1 }", "")
    said, = run(net=text)
    assert "Iteration 0" in said and "first in layer `root` (type Power, net.prototxt:" in said
    assert "the gradient of its bottom `encode` has " in said


def test_stop_ends_the_run_before_the_update_and_without_a_snapshot(run, tmp_path):
    with pytest.raises(RunError, match=r"^Iteration 3: .* small_iter_2; .* The run ends here, without a snapshot "):
        run(change=lambda: spoil(np.nan, 27), on_nan="stop")
    assert sorted(path.name for path in tmp_path.glob("*.caffemodel")) == ["small_iter_2.caffemodel"]


def test_a_snapshot_of_nan_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small_training.write(tmp_path)
    solver = load_backend("torch").get_solver("solver.prototxt")
    solver.watch_for_nan("stop")
    solver.step(1)
    solver.net.params["encode"][0].data[...] = np.nan
    with pytest.raises(RunError, match=r"^Iteration 1: .*first in layer `encode` .*: its parameter 0 has 72 NaN"):
        solver.snapshot()
    assert not list(tmp_path.glob("*.caffemodel"))


def test_go_looks_at_nothing_and_warnings_change_no_number(run, tmp_path):
    digests = []
    for effect in ("go", "warn"):
        assert run(on_nan=effect) == []
        digests.append(hashlib.sha256((tmp_path / "small_iter_12.caffemodel").read_bytes()).hexdigest())
    assert digests[0] == digests[1]
    assert run(change=lambda: spoil(np.nan, 27), on_nan="go") == []


def test_the_snapshot_that_was_resumed_from_counts(run):
    run("max_iter: 2 snapshot: 2")
    said, = run(change=lambda: spoil(np.nan, 27), snapshot="small_iter_2.solverstate", data_position="recorded")
    assert "The newest snapshot before it is small_iter_2" in said


def test_runs_trained_together_are_told_one_by_one(run):
    logs = run("max_iter: 12 display: 4", change=lambda: spoil(np.nan, 27), together=(1, 2))
    for lines in logs:
        assert len(lines) == 1 and "Iteration 3: NaN or infinity, first in layer `" in lines[0]


def test_a_large_sum_of_finite_gradients_is_no_alarm(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    small_training.write(tmp_path, "max_iter: 1")
    solver = load_backend("torch").get_solver("solver.prototxt")
    solver.watch_for_nan("stop")
    engine = solver._engine
    engine.net.forward_backward()
    engine.watch._probe.blob.diff.fill_(3e38)
    engine.watch.gradients_are_there(1.0)


def test_real_caffe_is_not_asked_for_what_it_has_not():
    watch_for_nan(SimpleNamespace(), "")
    with pytest.raises(InputError, match="--on-nan stop: only the embedded engine looks for NaN"):
        watch_for_nan(SimpleNamespace(), "stop")
