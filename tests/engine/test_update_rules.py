"""Nesterov, AdaGrad, RMSProp, AdaDelta and Adam: 200 iterations beside real Caffe's, and snapshots both ways."""

from __future__ import annotations

import numpy as np
import pytest
import small_training
import two_engines
from small_training import parameters

from cae_caffe import schema
from cae_caffe.engine.solvers import Solver
from cae_caffe.errors import InputError

FACTORS = {
    "encode": "param { lr_mult: 2 decay_mult: 0.5 } param { lr_mult: 0.1 decay_mult: 0 }",
    "decode": "param { lr_mult: 0.5 } param { lr_mult: 4 decay_mult: 3 }"}
RULES = {
    "Nesterov": 'type: "Nesterov" momentum: 0.9',
    "AdaGrad": 'type: "AdaGrad" base_lr: 0.05',
    "RMSProp": 'type: "RMSProp" rms_decay: 0.95 base_lr: 0.01',
    "AdaDelta": 'type: "AdaDelta" momentum: 0.95 base_lr: 1 delta: 1e-6',
    "Adam": 'type: "Adam" momentum: 0.9 momentum2: 0.999 base_lr: 0.01',
}
CASES = {
    **{name: (text, {}) for name, text in RULES.items()},
    **{f"{name} with everything": (
        f'{text} weight_decay: 0.01 iter_size: 2 clip_gradients: 2 lr_policy: "step" gamma: 0.5 stepsize: 70',
        FACTORS) for name, text in RULES.items()},
    "Nesterov without momentum": ('type: "Nesterov"', {}),
    "AdaGrad, large delta": ('type: "AdaGrad" delta: 0.1', {}),
    "RMSProp that forgets at once": ('type: "RMSProp" rms_decay: 0 delta: 0.01 base_lr: 0.01', {}),
    "AdaDelta without memory": ('type: "AdaDelta" momentum: 0 delta: 1e-3 base_lr: 1', {}),
    "Adam without momentum": ('type: "Adam" momentum: 0 momentum2: 0.9 delta: 1e-4 base_lr: 0.01', {}),
}
ITERATIONS = 200


def train(caffe, iterations):
    solver = caffe.get_solver("solver.prototxt")
    solver.step(iterations)
    diffs = [[blob.diff.copy() for blob in blobs] for blobs in solver.net.params.values()]
    return parameters(solver.net), diffs, solver.iter


@pytest.mark.parametrize("case", CASES)
def test_parameters_after_200_iterations_are_real_caffes(case, real_caffe, tmp_path):
    fields, parts = CASES[case]
    small_training.write(tmp_path, fields, small_training.net(**parts))
    real, embedded = two_engines.on_both(real_caffe, train, tmp_path, uses=[parameters], iterations=ITERATIONS)
    small_training.assert_close(embedded[0], real[0], 1e-5, "parameters")
    # Gradients are small differences of large numbers, which the division by their own size keeps as they are.
    small_training.assert_close(embedded[1], real[1], 1e-3, "updates")
    assert embedded[2] == real[2] == ITERATIONS


def snapshot(caffe, iterations):
    solver = caffe.get_solver("solver.prototxt")
    solver.step(iterations)
    solver.snapshot()


def resume(caffe, state, iterations):
    solver = caffe.get_solver("solver.prototxt")
    solver.restore(state)
    solver.step(iterations)
    return parameters(solver.net)


def history(path):
    state = schema.read_binary(str(path), schema.SolverState)
    return [np.array(blob.data, np.float32).reshape(blob.shape.dim) for blob in state.history]


@pytest.mark.parametrize("rule", RULES)
def test_snapshots_go_on_in_the_other_engine(rule, real_caffe, tmp_path):
    states = {}
    for engine, run in {"real": lambda *a, **k: two_engines.on_real(real_caffe, *a, **k),
                        "embedded": two_engines.on_embedded}.items():
        folder = tmp_path / engine
        folder.mkdir()
        small_training.write(folder, RULES[rule], small_training.net(**FACTORS))
        run(snapshot, folder, iterations=5)
        states[engine] = folder / "small_iter_5.solverstate"
    real, embedded = (history(states[engine]) for engine in ("real", "embedded"))
    assert len(real) == (8 if rule in ("AdaDelta", "Adam") else 4)
    small_training.assert_close(embedded, real, 1e-5, "history")

    on = two_engines.on_real(real_caffe, resume, tmp_path / "embedded", uses=[parameters], iterations=5,
                             state="small_iter_5.solverstate")
    own = two_engines.on_embedded(resume, tmp_path / "real", iterations=5, state="small_iter_5.solverstate")
    small_training.assert_close(own, on, 1e-5, "parameters")


def refused(caffe):
    caffe.get_solver("solver.prototxt")


@pytest.mark.parametrize("fields, match", [
    ('type: "AdaGrad" momentum: 0.9', "momentum is 0.9, and AdaGrad takes none"),
    ('type: "RMSProp" momentum: 0.5', "momentum is 0.5, and RMSProp takes none"),
    ('type: "RMSProp" rms_decay: 1', "rms_decay is 1; it must be at least 0 and below 1"),
    ('type: "RMSProp" rms_decay: -0.1', "rms_decay is -0.1"),
])
def test_refuses_what_real_caffe_refuses(fields, match, real_caffe, tmp_path, monkeypatch):
    small_training.write(tmp_path, fields)
    with pytest.raises(RuntimeError, match="Check failed"):
        two_engines.on_real(real_caffe, refused, tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=match):
        Solver.from_file("solver.prototxt")
