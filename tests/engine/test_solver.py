"""The solver's calls beside real Caffe's: step, solve, apply_update, callbacks, test nets, shared weights; refusals."""

from __future__ import annotations

import numpy as np
import pytest
import small_training
import two_engines
from small_training import parameters

from cae_caffe import pycaffe
from cae_caffe.errors import InputError


def compare(real_caffe, folder, probe, tolerance=1e-5, **kwargs):
    real, embedded = two_engines.on_both(real_caffe, probe, folder, uses=[parameters], **kwargs)
    small_training.assert_close(embedded, real, tolerance)
    return real


def by_hand(caffe):
    """Forward, backward and update called one by one, with gradients that add up."""
    solver = caffe.SGDSolver("solver.prototxt")
    found = []
    for i in range(4):
        solver.net.clear_param_diffs()
        for _ in range(1 + i % 2):
            solver.net.forward()
            solver.net.backward()
        found.append([blob.diff.copy() for blob in solver.net.params["encode"]])
        solver.apply_update()
        found.append([blob.diff.copy() for blob in solver.net.params["encode"]])
        found += parameters(solver.net)
    found.append([solver.iter])
    return found


def test_updates_by_hand(real_caffe, tmp_path):
    small_training.write(tmp_path, "momentum: 0.9 weight_decay: 0.01 clip_gradients: 2")
    assert compare(real_caffe, tmp_path, by_hand)[-1] == [4]


def own_gradients(caffe):
    """Gradients that a user writes, and weights that he changes between updates."""
    solver = caffe.SGDSolver("solver.prototxt")
    weights, biases = solver.net.params["encode"]
    for i in range(3):
        weights.diff[...] = np.arange(72).reshape(6, 12) / 72 - i
        biases.diff[...] = 1
        solver.apply_update()
        weights.data[0, :] = 0.5
    return parameters(solver.net) + [[blob.diff.copy() for blob in (weights, biases)]]


def test_gradients_and_weights_that_a_user_writes(real_caffe, tmp_path):
    small_training.write(tmp_path, "momentum: 0.5 weight_decay: 0.01")
    compare(real_caffe, tmp_path, own_gradients)


def with_callbacks(caffe, interval):
    """What callbacks see, and gradients that one of them halves."""
    solver = caffe.SGDSolver("solver.prototxt")
    seen = []

    def on_start():
        seen.append([0, solver.iter, np.abs(solver.net.params["decode"][0].diff).sum()])

    def on_gradients_ready():
        seen.append([1, solver.iter, np.abs(solver.net.params["decode"][0].diff).sum()])
        for blobs in solver.net.params.values():
            for blob in blobs:
                blob.diff[...] *= 0.5

    solver.add_callback(on_start, on_gradients_ready)
    solver.step(2)
    solver.step(interval)
    return seen, parameters(solver.net), [solver.iter]


def test_callbacks_see_and_change_what_they_do_in_caffe(real_caffe, tmp_path):
    small_training.write(tmp_path, "momentum: 0.9 iter_size: 2")
    seen, _, iterations = compare(real_caffe, tmp_path, with_callbacks, interval=3)
    assert [call[:2] for call in seen] == [[kind, i] for i in range(5) for kind in (0, 1)]
    assert all(call[2] == 0 for call in seen[::2]) and iterations == [5]


def solved(caffe):
    solver = caffe.SGDSolver("solver.prototxt")
    solver.solve()
    tests = [[float(net.blobs[name].data) for name in ("entropy", "l2")] for net in solver.test_nets]
    return parameters(solver.net), tests, [[float(solver.net.blobs["l2"].data)], [solver.iter]]


def test_solve_leaves_nets_as_caffe_does(real_caffe, tmp_path):
    small_training.write(tmp_path, 'max_iter: 6 display: 3 test_iter: 2 test_iter: 1 test_interval: 4 momentum: 0.9 '
                         'snapshot_after_train: false test_state { stage: "on-train" } test_state { }')
    compare(real_caffe, tmp_path, solved)


def two_solves(caffe):
    """solve() twice, the second time with a state to go on from, after max_iter was reached."""
    solver = caffe.SGDSolver("solver.prototxt")
    solver.solve()
    first = parameters(solver.net)
    solver.solve("small_iter_2.solverstate")
    return first, parameters(solver.net), [[solver.iter]]


def test_solve_resumes_from_a_state(real_caffe, tmp_path):
    small_training.write(tmp_path, "max_iter: 5 snapshot: 2 momentum: 0.9")
    compare(real_caffe, tmp_path, two_solves)


def with_test_net(caffe):
    """A test net that shares the weights of training, after steps and changes by hand."""
    solver = caffe.SGDSolver("solver.prototxt")
    net = solver.test_nets[0]
    before = parameters(net)
    solver.share_weights(net)
    shared = parameters(net)
    solver.step(2)
    solver.net.params["decode"][1].data[...] += 1
    net.forward()
    return before, shared, parameters(net), [[net.blobs["decodesig"].data.copy()]]


def test_share_weights_makes_a_net_follow_the_training(real_caffe, tmp_path):
    small_training.write(tmp_path, "test_iter: 1 test_interval: 1000 test_initialization: false")
    before, shared, _, _ = compare(real_caffe, tmp_path, with_test_net)
    assert (before[0][0] != shared[0][0]).any()


def shared_with(caffe):
    """Two nets that share their parameters: what one trains, the other computes with."""
    solver = caffe.SGDSolver("solver.prototxt")
    other = caffe.Net("net.prototxt", caffe.TEST)
    other.share_with(solver.net)
    solver.step(3)
    other.params["encode"][0].data[0, 0] = 3
    solver.net.forward()
    other.forward()
    outputs = [other.blobs["decodesig"].data.copy(), solver.net.blobs["decode"].data.copy()]
    return parameters(other), parameters(solver.net), [outputs]


def test_share_with_joins_two_nets(real_caffe, tmp_path):
    small_training.write(tmp_path)
    compare(real_caffe, tmp_path, shared_with)


def test_a_solver_says_what_it_is(tmp_path, monkeypatch, silent_log):
    monkeypatch.chdir(tmp_path)
    small_training.write(tmp_path, "max_iter: 9 display: 4 test_iter: 1 test_interval: 5")
    solver = pycaffe.SGDSolver("solver.prototxt")
    assert (solver.iter, solver.lr, len(solver.test_nets)) == (0, np.float32(0.05), 1)
    assert (solver.param.max_iter, solver.param.display, solver.param.base_lr) == (9, 4, np.float32(0.05))
    assert isinstance(solver.net, pycaffe.Net) and solver.net is solver.net
    assert list(solver.net.params) == list(solver.test_nets[0].params) == ["encode", "decode"]


def test_a_callback_that_raises_ends_the_run_there(tmp_path, monkeypatch, silent_log):
    monkeypatch.chdir(tmp_path)
    small_training.write(tmp_path, "max_iter: 9")
    solver = pycaffe.SGDSolver("solver.prototxt")

    def stop():
        if solver.iter == 3:
            raise ValueError("enough")
    solver.add_callback(stop, lambda: None)
    with pytest.raises(ValueError, match="enough"):
        solver.solve()
    assert solver.iter == 3
    assert not list(tmp_path.glob("small_*"))


# ---- refusals

REFUSED = {
    "no train net": ("", r"solver.prototxt: the solver gives no train net; give exactly one of `net`, `net_param`"),
    "two train nets": ('train_net: "net.prototxt" net: "net.prototxt"',
                       "gives `net`, `train_net`; give exactly one of"),
    "too few test_iter": ('test_net: "net.prototxt" test_net: "net.prototxt" test_iter: 1 test_interval: 1',
                          "gives `test_iter` 1 times for 2 test nets; give it once for each, and more"),
    "test_iter without test nets": ('train_net: "net.prototxt" test_iter: 1 test_interval: 1',
                                    "gives `test_iter` 1 times for 0 test nets"),
    "test_state too often": ("test_iter: 1 test_interval: 1 test_state { } test_state { }",
                             "gives `test_state` 2 times for 1 test nets"),
    "no test_interval": ("test_iter: 1", "has test nets and a `test_interval` of 0; it must be above 0"),
    "average_loss": ("average_loss: 0", "average_loss is 0; it must be at least 1"),
    "regularization_type": ('weight_decay: 0.1 regularization_type: "L3"',
                            "regularization_type is `L3`; it must be L1 or L2"),
    "iter_size": ("iter_size: 0", "iter_size is 0; it must be at least 1"),
    "type": ('type: "Newton"', "the solver's type is `Newton`; this engine has AdaDelta, "),
    "a missing net": ('net: "none.prototxt"', "none.prototxt: there is no such file"),
    "missing weights": ('weights: "none.caffemodel"', "none.caffemodel: there is no such file"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_solvers_that_cannot_be_made_are_refused(case, tmp_path, monkeypatch, silent_log):
    monkeypatch.chdir(tmp_path)
    fields, message = REFUSED[case]
    path = small_training.write(tmp_path, fields)
    if case == "no train net":
        path.write_text(path.read_text(encoding="utf-8").replace('net: "net.prototxt"', ""), encoding="utf-8")
    with pytest.raises(InputError, match=message):
        pycaffe.get_solver("solver.prototxt")
