"""Nets with layers of forks, trained a little on made data: whether the loss falls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from cae_caffe import pycaffe
from cae_caffe.schema import format_text

SOLVER = 'type: "Adam" base_lr: 0.01 momentum: 0.9 lr_policy: "fixed"'


def trained(folder: Path, net, inputs: Mapping[str, np.ndarray], updates: int, solver: str = SOLVER,
            tops: Sequence[str] = ("loss",)):
    """Train `net` (a NetParameter, or its text), whose Input layers are given `inputs`, for so many updates.

    Returns the solver, and the sum of the `tops`, its losses, before each of the updates.
    """
    text = net if isinstance(net, str) else format_text(net)
    (folder / "net.prototxt").write_text(text, encoding="utf-8")
    (folder / "solver.prototxt").write_text(f'net: "{folder}/net.prototxt" random_seed: 1 snapshot_after_train: false '
                                            f'{solver}\n', encoding="utf-8")
    run = pycaffe.get_solver(str(folder / "solver.prototxt"))
    for name, array in inputs.items():
        run.net.blobs[name].data[...] = array
    losses = []
    for _ in range(updates):
        run.step(1)
        losses.append(sum(float(run.net.blobs[top].data) for top in tops))
    return run, losses


def fell(losses: list[float], to: float) -> bool:
    """Whether all losses are numbers, and the last is at most `to` of the first."""
    return bool(np.isfinite(losses).all()) and losses[-1] <= to * losses[0]
