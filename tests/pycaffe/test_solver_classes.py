"""The six solver classes, get_solver, and what a running solver lets be changed."""

from __future__ import annotations

import numpy as np
import pytest
import two_engines

from cae_caffe import InputError, pycaffe
from cae_caffe.engine import log
from cae_caffe.engine.solvers import update

NET = """
layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 3
  weight_filler { type: "constant" value: 1 } } }
layer { name: "loss" type: "EuclideanLoss" bottom: "y" bottom: "x" top: "loss" }
"""
SOLVER = 'net: "net.prototxt" base_lr: 0.1 lr_policy: "fixed" max_iter: 10 display: 3 snapshot_prefix: "s" delta: 0.01 '
TYPES = ("SGD", "Nesterov", "AdaGrad", "RMSProp", "AdaDelta", "Adam")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "net.prototxt").write_text(NET)
    for kind in TYPES:
        (tmp_path / f"{kind}.prototxt").write_text(SOLVER + f'type: "{kind}" rms_decay: 0.9')
    (tmp_path / "Magic.prototxt").write_text(SOLVER + 'type: "Magic"')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(log, "_minimum", log.LEVELS["ERROR"])
    return tmp_path


def _train(caffe, kind, with_class, file):
    solver = getattr(caffe, kind + "Solver")(file) if with_class else caffe.get_solver(file)
    solver.net.blobs["x"].data[...] = [[1, 2, 3], [3, -1, 0.5]]
    solver.step(3)
    return type(solver).__name__, solver.net.params["ip"][0].data.tolist()


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("with_class, file", [(True, None), (False, None), (True, "SGD")])
def test_the_class_decides_and_get_solver_finds_it(kind, with_class, file, folder, real_caffe):
    file = f"{file or kind}.prototxt"
    if (kind, file) in (("RMSProp", "SGD.prototxt"), ("AdaGrad", "SGD.prototxt")):
        file = f"{kind}.prototxt"       # these need parameters that a file for SGD does not give
    (name, weights), (our_name, our_weights) = two_engines.on_both(real_caffe, _train, folder, kind=kind,
                                                                   with_class=with_class, file=file)
    assert our_name == name == f"{kind}Solver"
    for ours, theirs in zip(our_weights, weights):
        assert ours == pytest.approx(theirs, rel=1e-6)


def _parameters(caffe):
    solver = caffe.get_solver("SGD.prototxt")
    before = solver.lr
    solver.param.base_lr = 0.5
    try:
        solver.param.max_iter = 3
        refused = False
    except AttributeError:
        refused = True
    return before, solver.lr, solver.param.base_lr, solver.param.max_iter, solver.param.display, refused


def test_the_rate_of_a_running_solver_can_be_set(folder, real_caffe):
    theirs, ours = two_engines.on_both(real_caffe, _parameters, folder)
    assert ours == pytest.approx(theirs)


def test_a_class_that_is_not_the_files_is_warned_of(folder, capsys, monkeypatch):
    monkeypatch.setattr(log, "_minimum", log.LEVELS["WARNING"])
    pycaffe.AdamSolver("SGD.prototxt")
    assert 'SGD.prototxt says type: "SGD", but AdamSolver trains with Adam' in capsys.readouterr().err


def test_an_unknown_type_is_refused(folder):
    with pytest.raises(InputError, match=r"Magic\.prototxt: .* type is `Magic`; this engine has AdaDelta, AdaGrad, "):
        pycaffe.get_solver("Magic.prototxt")


def test_a_rule_that_caffe_lacks_is_known_by_its_registration(folder, monkeypatch):
    monkeypatch.setattr(update, "_RULES", dict(update._RULES))

    @update.register("Magic")
    class Magic(update.UpdateRule):
        def update_chunk(self, data, diff, histories, rate, iteration):
            data.fill_(3)

    solver = pycaffe.get_solver("Magic.prototxt")
    solver.step(1)
    assert (solver.net.params["ip"][0].data == 3).all() and type(solver) is pycaffe.solver.Solver


def _held(caffe):
    """Arrays taken before training, as they are after it."""
    solver = caffe.get_solver("SGD.prototxt")
    solver.net.blobs["x"].data[...] = [[1, 2, 3], [3, -1, 0.5]]
    parameter = solver.net.params["ip"][0]
    loss, weights, diff = solver.net.blobs["loss"].data, parameter.data, parameter.diff
    seen = []
    for _ in range(2):
        solver.step(1)
        seen.append([loss.tolist(), weights.tolist(), diff.tolist()])
    solver.net.forward()
    solver.net.backward()
    solver.apply_update()
    seen.append([loss.tolist(), weights.tolist(), diff.tolist()])
    solver.net.clear_param_diffs()
    return seen, diff.tolist()


def test_arrays_that_are_held_follow_the_training(folder, real_caffe):
    (theirs, theirs_cleared), (ours, ours_cleared) = two_engines.on_both(real_caffe, _held, folder)
    assert ours_cleared == theirs_cleared == [[0, 0, 0]] * 3
    for our_step, their_step in zip(ours, theirs):
        for mine, real in zip(our_step, their_step):
            np.testing.assert_allclose(mine, real, rtol=1e-5)     # float32 sums in another order
