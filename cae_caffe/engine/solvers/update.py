"""What all update rules share: regularization, clipping, accumulated gradients, and the history to snapshot."""

from __future__ import annotations

import math
from functools import partial
from typing import Callable, ClassVar

import numpy as np
import torch

from ...errors import InputError
from .. import log
from .packing import CHUNK, Group, pack

_RULES: dict[str, type[UpdateRule]] = {}


def register(solver_type: str) -> Callable[[type[UpdateRule]], type[UpdateRule]]:
    """Class decorator: makes a rule the one for solver prototxt's `type: "solver_type"`."""
    def add(rule: type[UpdateRule]) -> type[UpdateRule]:
        if solver_type in _RULES:
            raise ValueError(f"solver type {solver_type} is registered twice")
        _RULES[solver_type] = rule
        return rule
    return add


def find(solver_type: str, name: str) -> type[UpdateRule]:
    """The rule of the type of the solver `name`. Raises InputError if there is none."""
    if solver_type not in _RULES:
        raise InputError(f"{name}: the solver's type is `{solver_type}`; this engine has {', '.join(sorted(_RULES))}. "
                         "Change `type`, or train on real Caffe (--backend caffe).")
    return _RULES[solver_type]


class UpdateRule:
    """Turns the gradients of a net's learnable parameters into their next values, in Caffe's order of operations.

    Subclasses say how many histories they keep of each value, and how a chunk of values is updated.
    """

    histories: ClassVar[int] = 1

    def __init__(self, net, param):
        self.net, self.param = net, param
        self.groups: list[Group] = pack(net.learnable)
        # One list of flat histories a group.
        self.kept = [[group.like() for _ in range(self.histories)] for group in self.groups]
        self.look_again()

    def look_again(self) -> None:
        """Take note of where the groups' data and diffs are now; they may have been moved."""
        self.net.parameters.share(self.net.layers)
        self._showing = [self._show_updates(group, kept) for group, kept in zip(self.groups, self.kept)]

    @property
    def history(self) -> list[torch.Tensor]:
        """The histories in Caffe's order, for snapshots: the first of every parameter, then the second of every."""
        parts = [{p.blob: part for group, kept in zip(self.groups, self.kept)
                  for p, part in zip(group.parameters, group.parts(kept[k]))} for k in range(self.histories)]
        return [by_blob[parameter.blob] for by_blob in parts for parameter in self.net.learnable]

    def apply(self, rate: float, iteration: int) -> None:
        """Update all parameters at learning rate `rate`; `iteration` counts from 0 (SGDSolver::ApplyUpdate)."""
        for group in self.groups:
            group.settle()
        scale = self._clip() / self.param.iter_size
        for group, kept in zip(self.groups, self.kept):
            local_rate = float(np.float32(rate) * np.float32(group.lr_mult))
            decay = float(np.float32(self.param.weight_decay) * np.float32(group.decay_mult))
            if scale != 1:
                group.diff.mul_(scale)
            self.update_group(group, kept, local_rate, decay, iteration)
        for show in self._showing:
            show()

    def update_group(self, group: Group, histories: list[torch.Tensor], rate: float, decay: float,
                     iteration: int) -> None:
        """Regularize and update a group, chunk by chunk, so that what a chunk needs stays in the cache meanwhile."""
        for chunk in zip(*(flat.split(CHUNK) for flat in (group.data, group.diff, *histories))):
            data, diff = chunk[:2]
            if decay:
                self._regularize(data, diff, decay)
            self.update_chunk(data, diff, chunk[2:], rate, iteration)

    def update_chunk(self, data, diff, histories, rate: float, iteration: int) -> None:
        """Update the flat `data` from `diff`, which holds the regularized gradient, and the flat `histories`.

        Afterwards `diff` holds the value that was taken off the data, unless `update_is_history`.
        """
        raise NotImplementedError

    # Whether the value taken off the data is the first history, so that diff need not be written.
    update_is_history: ClassVar[bool] = False

    def _show_updates(self, group: Group, kept: list[torch.Tensor]) -> Callable[[], None]:
        """After an update, Caffe's diffs hold what was taken off the data: copy it only for somebody who looks."""
        if not self.update_is_history:
            return lambda: None
        memories = [(parameter.blob.diff_memory, partial(_copy, part, source)) for parameter, part, source in zip(
            group.parameters, group.parts(group.diff), group.parts(kept[0]))]

        def show() -> None:
            for memory, copy in memories:
                memory.defer(copy)
        return show

    def _regularize(self, data: torch.Tensor, diff: torch.Tensor, decay: float) -> None:
        if self.param.regularization_type == "L2":
            diff.add_(data, alpha=decay)
        else:
            diff.add_(torch.sign(data), alpha=decay)

    def _clip(self) -> float:
        """The factor that brings the gradients' norm down to `clip_gradients`; 1 if it is not above that."""
        limit = self.param.clip_gradients
        if limit < 0:
            return 1.0
        norm = math.sqrt(sum(float(group.diff.dot(group.diff)) for group in self.groups))
        if not norm > limit:        # as Caffe asks it, which leaves NaN alone
            return 1.0
        log.info("sgd_solver.cpp:99", f"Gradient clipping: scaling down gradients (L2 norm {log.number(norm)} > "
                                      f"{log.number(limit)}) by scale factor {log.number(limit / norm)}")
        return limit / norm


def _copy(target: torch.Tensor, source: torch.Tensor) -> None:
    target.copy_(source)


def divide_by_root(step: torch.Tensor, squares: torch.Tensor, delta: float) -> None:
    """Divide `step` in place by sqrt(squares) + delta, as AdaGrad, RMSProp and Adam do."""
    step.div_(torch.sqrt(squares).add_(delta))


def refuse_momentum(solver_type: str, param) -> None:
    """Raises InputError if `param` gives a momentum, which `solver_type` has not."""
    if param.momentum:
        raise InputError(f"The solver's momentum is {param.momentum:g}, and {solver_type} takes none; leave it out, or "
                         "change `type`.")


def check(param, name: str) -> None:
    """Raises InputError for what no rule can do with the parameters of the solver `name`."""
    if param.regularization_type not in ("L1", "L2"):
        raise InputError(f"{name}: the solver's regularization_type is `{param.regularization_type}`; it must be L1 "
                         "or L2.")
    if param.iter_size < 1:
        raise InputError(f"{name}: the solver's iter_size is {param.iter_size}; it must be at least 1.")
