"""Learning rates: each policy's rate at each iteration, and policies that lack what they need."""

from __future__ import annotations

import numpy as np
import pytest
import two_engines

from cae_caffe import pycaffe, schema
from cae_caffe.engine import log
from cae_caffe.engine.solvers import learning_rate
from cae_caffe.errors import InputError

NET = """net_param {
  layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 1 dim: 1 } } }
  layer { name: "ip" type: "InnerProduct" bottom: "x" top: "ip" inner_product_param { num_output: 1 } } }
"""
POLICIES = {
    "fixed": 'base_lr: 0.006 lr_policy: "fixed"',
    "step": 'base_lr: 0.01 lr_policy: "step" gamma: 0.1 stepsize: 7',
    "step, another gamma": 'base_lr: 0.3 lr_policy: "step" gamma: 0.97 stepsize: 1',
    "step by 1": 'base_lr: 0.3 lr_policy: "step" gamma: 1 stepsize: 1000',
    "step to 0": 'base_lr: 0.3 lr_policy: "step" gamma: 0 stepsize: 50',
    "exp": 'base_lr: 0.1 lr_policy: "exp" gamma: 0.95',
    "exp, rising": 'base_lr: 1e-8 lr_policy: "exp" gamma: 1.05',
    "inv": 'base_lr: 0.01 lr_policy: "inv" gamma: 0.0001 power: 0.75',
    "inv, fast": 'base_lr: 0.7 lr_policy: "inv" gamma: 0.3 power: 1.7',
    "multistep": 'base_lr: 0.01 lr_policy: "multistep" gamma: 0.3 stepvalue: 3 stepvalue: 10 stepvalue: 11 '
                 "stepvalue: 250",
    "multistep, steps at once": 'base_lr: 0.01 lr_policy: "multistep" gamma: 0.5 stepvalue: 0 stepvalue: 0 '
                                "stepvalue: 5",
    "multistep without steps": 'base_lr: 0.01 lr_policy: "multistep" gamma: 0.3',
    "poly": 'base_lr: 0.01 lr_policy: "poly" power: 0.5 max_iter: 300',
    "poly, cubic": 'base_lr: 0.9 lr_policy: "poly" power: 3 max_iter: 333',
    "poly, past its end": 'base_lr: 0.9 lr_policy: "poly" power: 0.5 max_iter: 200',
    "exp, past all numbers": 'base_lr: 1 lr_policy: "exp" gamma: 1e30',
    "poly of power 0": 'base_lr: 0.9 lr_policy: "poly" max_iter: 333',
    "sigmoid": 'base_lr: 0.01 lr_policy: "sigmoid" gamma: 0.05 stepsize: 100',
    "sigmoid, rising": 'base_lr: 0.2 lr_policy: "sigmoid" gamma: 0.7 stepsize: 20',
}
ITERATIONS = 300
# The C library's float functions are off by one unit in the last place in one of some hundred values.
USE_FLOAT_FUNCTIONS = ("inv", "poly", "sigmoid")


def rates(caffe, texts, iterations):
    """The rate of each iteration, by policy."""
    found = {}
    for name, text in texts.items():
        with open("solver.prototxt", "w") as file:
            file.write(text)
        solver = caffe.SGDSolver("solver.prototxt")
        found[name] = []
        for _ in range(iterations):
            found[name].append(solver.lr)
            solver.apply_update()
    return found


@pytest.fixture(scope="module")
def both_rates(real_caffe, tmp_path_factory):
    texts = {name: f"{text} {NET}" for name, text in POLICIES.items()}
    return two_engines.on_both(real_caffe, rates, tmp_path_factory.mktemp("rates"), texts=texts, iterations=ITERATIONS)


@pytest.mark.parametrize("policy", POLICIES)
def test_each_iterations_rate_is_real_caffes(policy, both_rates):
    real, embedded = (np.array(found[policy], np.float32) for found in both_rates)
    finite = np.isfinite(real)
    units = 1 if policy.startswith(USE_FLOAT_FUNCTIONS) else 0
    np.testing.assert_array_max_ulp(embedded[finite], real[finite], maxulp=units)
    np.testing.assert_array_equal(np.abs(embedded[~finite]), np.abs(real[~finite]))
    assert len(embedded) == ITERATIONS


@pytest.mark.parametrize("text, message", [
    ('base_lr: 1 lr_policy: "linear"',
     "lr_policy is `linear`; the policies are fixed, step, exp, inv, multistep, poly, sigmoid"),
    ("base_lr: 1", "lr_policy is ``; the policies are"),
    ('base_lr: 1 lr_policy: "Step"', r"lr_policy is `Step` \(did you mean `step`\?\); the policies are"),
    ('base_lr: 1 lr_policy: "step" gamma: 0.1', "lr_policy `step` needs a `stepsize` above 0, and it is 0"),
    ('base_lr: 1 lr_policy: "sigmoid" gamma: 0.1 stepsize: -2',
     "lr_policy `sigmoid` needs a `stepsize` above 0, and it is -2"),
    ('base_lr: 1 lr_policy: "exp" gamma: -0.5', "lr_policy `exp` needs a `gamma` of at least 0, and it is -0.5"),
])
def test_a_policy_that_lacks_what_it_needs_is_refused(text, message, tmp_path, monkeypatch):
    monkeypatch.setattr(log, "_minimum", log.LEVELS["ERROR"])
    path = tmp_path / "solver.prototxt"
    path.write_text(f"{text} {NET}", encoding="utf-8")
    with pytest.raises(InputError, match=message):
        pycaffe.get_solver(str(path))


def rates_of(text, iterations):
    solver = schema.view(schema.parse_solver(text))
    return [learning_rate.rate(solver, i, learning_rate.step_at(solver, i, 0)) for i in range(iterations)]


def test_a_rate_rises_to_its_policys_and_ends_at_a_least_one_as_nvidias():
    text = 'base_lr: 0.5 lr_policy: "step" stepsize: 6 gamma: 0.25 rampup_interval: 4 rampup_lr: 0.1 min_lr: 0.05'

    assert rates_of(text, 20) == pytest.approx([0.1, 0.125, 0.2, 0.325, 0.5, 0.5] + 6 * [0.125] + 8 * [0.05])


def test_poly_ends_at_the_least_rate():
    text = 'base_lr: 0.5 lr_policy: "poly" power: 2 max_iter: 4 min_lr: 0.1'

    assert rates_of(text, 5) == pytest.approx([0.5, 0.1 + 0.4 * 0.75 ** 2, 0.2, 0.1 + 0.4 * 0.25 ** 2, 0.1])


def test_without_a_least_rate_it_may_be_negative_as_in_caffe():
    assert rates_of('base_lr: -0.5 lr_policy: "fixed"', 1) == [-0.5]


def test_a_least_rate_above_the_first_is_refused():
    with pytest.raises(InputError, match=r"`min_lr` is 0\.7; it must be from 0 to `base_lr`, 0.5"):
        learning_rate.check(schema.view(schema.parse_solver(
            'base_lr: 0.5 lr_policy: "poly" power: 2 max_iter: 4 min_lr: 0.7')), "s.prototxt")
