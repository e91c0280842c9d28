"""Learning rate policies of forks: SSD's `plateau`, with what its snapshots keep, and MobileNet-YOLO's `multifixed`."""

from __future__ import annotations

import io

import numpy as np
import pytest

from cae_caffe import schema
from cae_caffe.engine import log
from cae_caffe.engine.solvers.plateau import Plateau
from cae_caffe.engine.solvers.solver import Solver
from cae_caffe.errors import InputError

# The loss is what the test writes into `x`: nothing is learned.
SOLVER = """net_param {
  layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 1 dim: 1 } } }
  layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 1 } }
  layer { name: "no" type: "Silence" bottom: "y" }
  layer { name: "loss" type: "Reduction" bottom: "x" top: "loss" loss_weight: 1 } }
base_lr: 0.5 lr_policy: "plateau" gamma: 0.1 plateau_winsize: 3 plateau_winsize: 2 snapshot_prefix: "plateau" """


def solver_of(text: str) -> Solver:
    return Solver(schema.parse_text(text, schema.SolverParameter), "the solver")


def rates(solver, losses) -> list[float]:
    """The rates of updates after these losses."""
    found = []
    for loss in losses:
        solver.net.blobs[0].data.fill_(loss)
        solver.step(1)
        found.append(solver.learning_rate)
    return found


# The loss falls at 0, 1 and 5; the rate steps 3 updates after 1, 2 after that step, and never again.
LOSSES = [4, 3, 3, 3.5, 3, 2, 3, 3, 3, 3, 3]
WANTED = [0.5, 0.5, 0.5, 0.5, 0.05, 0.05, 0.05, 0.005, 0.005, 0.005, 0.005]


def test_the_rate_steps_when_the_loss_has_not_fallen_for_a_while():
    np.testing.assert_allclose(rates(solver_of(SOLVER), LOSSES), WANTED, rtol=1e-6)


def test_the_log_says_so_as_the_forks():
    stream = io.StringIO()
    with log.to(stream), pytest.MonkeyPatch.context() as patch:
        patch.setattr(log, "_minimum", 0)
        rates(solver_of(SOLVER + "display: 4"), LOSSES)

    told = [line.split("] ", 1)[1] for line in stream.getvalue().splitlines() if "Plateau" in line]
    assert told == ["Plateau Status: Iteration 0, current minimum_loss = 4",
                    "Plateau Status: Iteration 4, step = 1",
                    "Plateau Status: Iteration 4, current minimum_loss = 3", "Plateau Status: Iteration 7, step = 2",
                    "Plateau Status: Iteration 8, current minimum_loss = 2"]


@pytest.mark.parametrize("form", ["BINARYPROTO", "HDF5"])
def test_a_run_that_goes_on_steps_when_it_would_have(form, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = f"{SOLVER} snapshot_format: {form}"
    for stop in (3, 5, 6):
        first = solver_of(text)
        rates(first, LOSSES[:stop])
        first.snapshot()

        second = solver_of(text)
        second.restore(f"plateau_iter_{stop}.solverstate{'.h5' if form == 'HDF5' else ''}")

        np.testing.assert_allclose(rates(second, LOSSES[stop:]), WANTED[stop:], rtol=1e-6)


def test_a_state_without_it_begins_anew(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plain = solver_of(SOLVER.replace('"plateau" gamma', '"fixed" gamma'))
    rates(plain, [1])
    plain.snapshot()
    solver = solver_of(SOLVER)

    solver.restore("plateau_iter_1.solverstate")

    assert solver.plateau == Plateau()
    with open("plateau_iter_1.solverstate", "rb") as file:
        state = schema.SolverState.FromString(file.read())
    assert not state.HasField("minimum_loss") and not state.HasField("iter_last_event")


def test_passes_that_a_user_runs_count():
    solver = solver_of(SOLVER)
    for _ in range(5):
        solver.net.forward()
        solver.net.backward()
        solver.apply_update()

    assert solver.current_step == 1


def test_multifixed_has_a_rate_for_each_stage():
    text = SOLVER.replace('"plateau" gamma', '"multifixed" stagelr: 0.25 stagelr: 1 stagelr: 0.5 stageiter: 1 '
                                             "stageiter: 4 stageiter: 5 gamma")
    solver = solver_of(text)

    assert [solver.learning_rate, *rates(solver, [0] * 7)] == [0.25, 0.25, 1, 1, 1, 0.5, 0.5, 0.5]


@pytest.mark.parametrize(("policy", "match"), [
    ('"multifixed"', "`stagelr` and a `stageiter`"), ('"multifixed" stagelr: 1', "has 1 of the one and 0"),
    ('"plateau" gamma: -1', "needs a `gamma`")])
def test_refusals(policy, match):
    with pytest.raises(InputError, match=match):
        solver_of(SOLVER.replace('"plateau" gamma: 0.1', policy))
