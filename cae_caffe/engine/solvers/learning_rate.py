"""The learning rate policies (SGDSolver::GetLearningRate of src/caffe/solvers/sgd_solver.cpp).

Caffe holds the solver's fields as float32 and computes powers in double precision; the result is a float32 again.
"""

from __future__ import annotations

import math
from typing import Callable

import numpy as np

from ...errors import InputError
from .. import log

Policy = Callable[..., float]


def _fixed(param, iteration: int, step: int) -> float:
    return param.base_lr


def _power(param, exponent: float) -> float:
    return param.base_lr * math.pow(param.gamma, exponent)


def _inv(param, iteration: int, step: int) -> float:
    base = np.float32(1) + np.float32(param.gamma) * np.float32(iteration)
    return param.base_lr * math.pow(base, -param.power)


def _poly(param, iteration: int, step: int) -> float:
    left = np.float32(1) - np.float32(iteration) / np.float32(param.max_iter)
    return param.base_lr * math.pow(left, param.power)


def _sigmoid(param, iteration: int, step: int) -> float:
    exponent = -np.float32(param.gamma) * (np.float32(iteration) - np.float32(param.stepsize))
    return param.base_lr * (1.0 / (1.0 + math.exp(exponent)))


POLICIES: dict[str, Policy] = {
    "fixed": _fixed,
    "step": lambda param, iteration, step: _power(param, step),
    "exp": lambda param, iteration, step: _power(param, iteration),
    "inv": _inv,
    "multistep": lambda param, iteration, step: _power(param, step),
    "poly": _poly,
    "sigmoid": _sigmoid,
}
_NEEDS_STEPSIZE = ("step", "sigmoid")
_NEEDS_GAMMA = ("step", "exp", "inv", "multistep", "sigmoid")


def check(param) -> None:
    """Raises InputError if the policy of a solver's parameters is unknown, or lacks what it needs."""
    if param.lr_policy not in POLICIES:
        raise InputError(f"The solver's lr_policy is `{param.lr_policy}`; the policies are {', '.join(POLICIES)}.")
    if param.lr_policy in _NEEDS_STEPSIZE and param.stepsize <= 0:
        raise InputError(f"lr_policy `{param.lr_policy}` needs a `stepsize` above 0, and it is {param.stepsize}.")
    if param.lr_policy in _NEEDS_GAMMA and param.gamma < 0:
        raise InputError(f"lr_policy `{param.lr_policy}` needs a `gamma` of at least 0, and it is {param.gamma:g}.")


def step_at(param, iteration: int, step: int) -> int:
    """How often the rate has stepped down by `iteration`; `step` is how often it had before, which only
    `multistep` goes on from."""
    if param.lr_policy == "step":
        return iteration // param.stepsize
    if param.lr_policy == "multistep" and step < len(param.stepvalue) and iteration >= param.stepvalue[step]:
        log.info("sgd_solver.cpp:50", f"MultiStep Status: Iteration {iteration}, step = {step + 1}")
        return step + 1
    return step


def rate(param, iteration: int, step: int) -> float:
    """The learning rate of `iteration`, rounded to float32."""
    return float(np.float32(POLICIES[param.lr_policy](param, iteration, step)))
