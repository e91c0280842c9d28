"""The learning rate policies (SGDSolver::GetLearningRate of src/caffe/solvers/sgd_solver.cpp), and two of forks: SSD's
`plateau` (plateau.py says when it steps), and `multifixed` of eric612/MobileNet-YOLO.

Caffe holds the solver's fields as float32. It computes a whole-numbered power in double precision (C++'s pow of a float
and an int), and all else in float32; the rate is a float32 again.
"""

from __future__ import annotations

from typing import Callable, Union

import numpy as np

from ...errors import InputError
from ...spelling import in_brackets
from .. import log
from .plateau import POLICY as PLATEAU

# Of the solver's parameters, the iteration and the step.
Policy = Callable[..., Union[float, np.floating]]


def _fixed(param, iteration: int, step: int) -> float:
    return param.base_lr


def _power(param, exponent: int) -> np.float64:
    return param.base_lr * np.power(np.float64(param.gamma), exponent)


def _float_power(base: np.float32, exponent: float) -> np.float32:
    return np.float32(np.power(np.float64(base), exponent))


def _inv(param, iteration: int, step: int) -> np.float32:
    base = np.float32(1) + np.float32(param.gamma) * np.float32(iteration)
    return np.float32(param.base_lr) * _float_power(base, -param.power)


def _poly(param, iteration: int, step: int) -> np.float32:
    left = np.float32(1) - np.float32(iteration) / np.float32(param.max_iter)
    least = np.float32(param.min_lr)
    return (np.float32(param.base_lr) - least) * _float_power(left, param.power) + least


def _ramped_up(param, iteration: int) -> np.float32:
    """The rate of the first `rampup_interval` iterations, from `rampup_lr` on, a parabola (NVIDIA's sgd_solver.cpp)."""
    part = np.float32(iteration) / np.float32(param.rampup_interval)
    first = np.float32(param.rampup_lr)
    return first + (np.float32(param.base_lr) - first) * part * part


def _sigmoid(param, iteration: int, step: int) -> np.float32:
    exponent = -np.float32(param.gamma) * (np.float32(iteration) - np.float32(param.stepsize))
    return np.float32(param.base_lr) * (np.float32(1) / (np.float32(1) + np.float32(np.exp(np.float64(exponent)))))


def _multifixed(param, iteration: int, step: int) -> float:
    """The `stagelr` of the first stage whose `stageiter` is not behind, or of the last one."""
    stages = zip(param.stageiter, param.stagelr)
    return next((rate for last, rate in stages if iteration <= last), param.stagelr[-1])


POLICIES: dict[str, Policy] = {
    "fixed": _fixed,
    "step": lambda param, iteration, step: _power(param, step),
    "exp": lambda param, iteration, step: _power(param, iteration),
    "inv": _inv,
    "multistep": lambda param, iteration, step: _power(param, step),
    "poly": _poly,
    "sigmoid": _sigmoid,
    PLATEAU: lambda param, iteration, step: _power(param, step),
    "multifixed": _multifixed,
}
_NEEDS_STEPSIZE = ("step", "sigmoid")
_NEEDS_GAMMA = ("step", "exp", "inv", "multistep", "sigmoid", PLATEAU)


def check(param, name: str) -> None:
    """Raises InputError if the policy of the parameters of the solver `name` is unknown, or lacks what it needs."""
    if param.lr_policy not in POLICIES:
        raise InputError(f"{name}: the solver's lr_policy is `{param.lr_policy}`"
                         f"{in_brackets(param.lr_policy, POLICIES)}; the policies are {', '.join(POLICIES)}.")
    if param.lr_policy in _NEEDS_STEPSIZE and param.stepsize <= 0:
        raise InputError(f"{name}: lr_policy `{param.lr_policy}` needs a `stepsize` above 0, and it is "
                         f"{param.stepsize}.")
    if param.lr_policy in _NEEDS_GAMMA and param.gamma < 0:
        raise InputError(f"{name}: lr_policy `{param.lr_policy}` needs a `gamma` of at least 0, and it is "
                         f"{param.gamma:g}.")
    if param.min_lr < 0 or (param.min_lr and param.lr_policy == "poly" and param.min_lr > param.base_lr):
        raise InputError(f"{name}: `min_lr` is {param.min_lr:g}; it must be from 0 to `base_lr`, {param.base_lr:g}.")
    if param.lr_policy == "multifixed" and not 0 < len(param.stagelr) == len(param.stageiter):
        raise InputError(f"{name}: lr_policy `multifixed` needs a `stagelr` and a `stageiter` for each stage, and has "
                         f"{len(param.stagelr)} of the one and {len(param.stageiter)} of the other; give as many of "
                         "both.")


def step_at(param, iteration: int, step: int) -> int:
    """How often the rate has stepped down by `iteration`; `step` is how often it had before, which only
    `multistep` goes on from.
    """
    if param.lr_policy == "step":
        return iteration // param.stepsize
    if param.lr_policy == "multistep" and step < len(param.stepvalue) and iteration >= param.stepvalue[step]:
        log.info("sgd_solver.cpp:50", f"MultiStep Status: Iteration {iteration}, step = {step + 1}")
        return step + 1
    return step


def rate(param, iteration: int, step: int) -> float:
    """The learning rate of `iteration`, rounded to float32; infinite or NaN where Caffe's is (`poly` past max_iter).

    NVIDIA's fork has it rise to the policy's at first (`rampup_interval`), and never fall below `min_lr`.
    """
    with np.errstate(all="ignore"):
        if iteration < param.rampup_interval:
            found = _ramped_up(param, iteration)
        else:
            found = np.float32(POLICIES[param.lr_policy](param, iteration, step))
        return float(np.float32(param.min_lr) if param.min_lr and found < param.min_lr else found)
