"""Older solvers become today's, exactly as with Caffe's own tool."""

from __future__ import annotations

import pytest

from cae_caffe.errors import InputError
from cae_caffe.schema import SolverParameter, format_text, parse_solver, parse_text, upgrade_solver

TYPES = {"SGD": "SGD", "NESTEROV": "Nesterov", "ADAGRAD": "AdaGrad", "RMSPROP": "RMSProp", "ADADELTA": "AdaDelta",
         "ADAM": "Adam"}


def upgraded(text):
    return format_text(parse_solver(text, "s.prototxt"))


@pytest.mark.parametrize("old", TYPES)
def test_the_enum_becomes_a_name(old):
    assert upgraded(f"net: 'n' solver_type: {old}") == f'net: "n"\ntype: "{TYPES[old]}"\n'


def test_every_type_is_covered():
    assert set(TYPES) == set(SolverParameter.SolverType.keys())


def test_todays_solver_stays():
    assert upgraded('type: "Adam"') == 'type: "Adam"\n'
    assert upgraded("base_lr: 0.5") == "base_lr: 0.5\n"


def test_both_names_at_once_are_refused():
    with pytest.raises(InputError, match=r"s\.prototxt: both `solver_type` and `type` are given; leave out"):
        upgraded("solver_type: SGD type: 'SGD'")


def test_nothing_is_lost():
    solver = parse_text("solver_type: ADAM", SolverParameter)

    assert upgrade_solver(solver, "s.prototxt") is True
    assert solver == SolverParameter(type="Adam")


@pytest.mark.parametrize("text", [f"net: 'n' base_lr: 0.1 solver_type: {old}" for old in TYPES] + ["type: 'Adam'"])
def test_caffe_does_the_same(text, caffe_run, tmp_path):
    (tmp_path / "in").write_text(text)

    caffe_run(["upgrade_solver_proto_text", "in", "out"], cwd=tmp_path, env={"GLOG_minloglevel": "3"})

    assert (tmp_path / "out").read_text() == upgraded(text)
