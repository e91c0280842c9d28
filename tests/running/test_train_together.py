"""`cae-caffe train --seeds`: the runs of several seeds as one computation."""

import os
import signal

import pytest
import small_training

from cae_caffe import load_backend, schema
from cae_caffe.errors import InputError
from cae_caffe.running.train import train
from cae_caffe.running.train_options import Options
from cae_caffe.running.train_together import train_together


@pytest.fixture
def solver(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return str(small_training.write(tmp_path, 'max_iter: 6 display: 3 snapshot_prefix: "many"'))


def test_each_seed_leaves_what_its_own_run_would(solver, tmp_path):
    logs = train_together(load_backend("torch"), Options(solver), [7, 8])
    assert [str(log) for log in logs] == ["many-seed7.log", "many-seed8.log"]
    train(load_backend("torch"), Options(solver))        # the solver's own seed is 7
    alone = schema.read_weights("many_iter_6.caffemodel")
    together = schema.read_weights("many-seed7_iter_6.caffemodel")
    other = schema.read_weights("many-seed8_iter_6.caffemodel")
    for layer, same, different in zip(alone.layer, together.layer, other.layer):
        for blob, twin, stranger in zip(layer.blobs, same.blobs, different.blobs):
            assert list(twin.data) == pytest.approx(list(blob.data), rel=1e-4, abs=1e-6)
            assert list(stranger.data) != list(blob.data)
    assert "Iteration 3 (" in logs[0].read_text() and "Optimization Done." in logs[1].read_text()


@pytest.mark.parametrize("number, stops", [(signal.SIGTERM, True), (signal.SIGHUP, False)])
def test_a_signal_is_heeded_by_all_runs(solver, tmp_path, monkeypatch, number, stops):
    backend = load_backend("torch")
    together, iterations = backend.solve_together, []

    def signalled(solvers, logs, after_iteration):
        def after():
            iterations.append(solvers[0].iter)
            if len(iterations) == 2:
                os.kill(os.getpid(), number)
            after_iteration()
        together(solvers, logs, after)

    monkeypatch.setattr(backend, "solve_together", signalled)
    train_together(backend, Options(solver), [7, 8])
    saved = sorted(path.name for path in tmp_path.glob("*.solverstate"))
    ends = [] if stops else ["many-seed7_iter_6.solverstate", "many-seed8_iter_6.solverstate"]
    assert saved == sorted(["many-seed7_iter_2.solverstate", "many-seed8_iter_2.solverstate", *ends])


@pytest.mark.parametrize("options, seeds, message", [
    ({}, [1, 1], "names a seed twice"),
    ({"snapshot": "many_iter_6.solverstate"}, [1, 2], "cannot be given with -snapshot"),
])
def test_wrong_use_is_refused(solver, options, seeds, message):
    with pytest.raises(InputError, match=message):
        train_together(load_backend("torch"), Options(solver, **options), seeds)


def test_an_engine_without_it_is_refused(solver):
    with pytest.raises(InputError, match="only the embedded engine does"):
        train_together(object(), Options(solver), [1, 2])
