"""Training and snapshots against results of real Caffe's that are kept here, for machines without it."""

from __future__ import annotations

import golden_solver
import numpy as np
import pytest
import small_training
import two_engines

from cae_caffe import pycaffe


@pytest.fixture(scope="module")
def golden():
    with np.load(str(golden_solver.FOLDER / "run.npz")) as file:
        return dict(file)


def blobs(found, name):
    return [found[f"{name}{i}"] for i in range(4)]


def test_training_is_real_caffes(golden, tmp_path):
    golden_solver.prepare(tmp_path)
    ours = two_engines.on_embedded(golden_solver.train, tmp_path)
    assert ours["start"] == golden["start"]
    np.testing.assert_allclose(ours["losses"], golden["losses"], rtol=1e-5)
    for name in ("middle", "end"):
        small_training.assert_close(blobs(ours, name), blobs(golden, name), 1e-5, name)


def resumed(caffe, state):
    solver = caffe.SGDSolver("solver.prototxt")
    solver.restore(state)
    restored = golden_solver.parameters(solver.net, "middle")
    # After resuming, the data starts at its first row; the shuffled one of another process, at others.
    return solver.iter, solver.lr, restored, golden_solver.step(solver, 1)


@pytest.mark.parametrize("form", golden_solver.ENDINGS)
def test_real_caffes_snapshot_is_gone_on_from(form, golden, tmp_path):
    golden_solver.prepare(tmp_path)
    state = golden_solver.restore_snapshot(form, tmp_path)
    iteration, rate, restored, losses = two_engines.on_embedded(resumed, tmp_path, state=state)
    assert iteration == golden_solver.MIDDLE and rate == pytest.approx(0.05 * 0.3)
    small_training.assert_close(blobs(restored, "middle"), blobs(golden, "middle"), 0)
    assert 0 < losses[0, 0] < golden["losses"][0, 0]


@pytest.mark.parametrize("form", golden_solver.ENDINGS)
def test_real_caffes_weights_are_read(form, golden, tmp_path, monkeypatch):
    golden_solver.prepare(tmp_path)
    monkeypatch.chdir(tmp_path)
    weights, _ = golden_solver.snapshot_files(form).values()
    net = pycaffe.Net("net.prototxt", pycaffe.TRAIN, weights=weights)
    small_training.assert_close(blobs(golden_solver.parameters(net, "middle"), "middle"), blobs(golden, "middle"), 0)


def test_the_same_weights_give_the_same_bytes(golden, tmp_path, monkeypatch):
    golden_solver.prepare(tmp_path)
    monkeypatch.chdir(tmp_path)
    kept, _ = golden_solver.snapshot_files("BINARYPROTO").values()
    pycaffe.Net("net.prototxt", pycaffe.TRAIN, weights=kept).save("w.caffemodel")
    assert (tmp_path / "w.caffemodel").read_bytes() == kept.read_bytes()


def test_the_history_read_is_the_history_written(tmp_path, monkeypatch):
    golden_solver.prepare(tmp_path)
    monkeypatch.chdir(tmp_path)
    solver = pycaffe.SGDSolver("solver.prototxt")
    solver.restore(golden_solver.restore_snapshot("BINARYPROTO", tmp_path))
    files = golden_solver.snapshot_files("BINARYPROTO")
    for name in files:
        (tmp_path / name).unlink()
    solver.snapshot()
    for name, kept in files.items():
        assert (tmp_path / name).read_bytes() == kept.read_bytes()
