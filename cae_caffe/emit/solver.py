"""Solvers, as SolverParameter messages of Caffe 1.0: the paper's Table 5, and what it leaves open."""

from __future__ import annotations

from .nets import Source
from .recipes import Recipe
from .text import Fields, Word

# 3000 batches of 100 are five passes over MNIST. HDF5 data starts again at its first row on resuming, so only a
# snapshot after whole passes can be resumed as if nothing had happened.
SNAPSHOT = 3000


def solver(recipe: Recipe, net: str, snapshot_prefix: str, source: Source = Source(), solver_mode: str = "CPU",
           random_seed: int = 1) -> Fields:
    """The solver of a net file: `net` and `snapshot_prefix` are paths from the folder where Caffe will run."""
    schedule = {"lr_policy": recipe.lr_policy, "gamma": recipe.gamma, "stepsize": recipe.stepsize,
                "momentum": recipe.momentum, "weight_decay": recipe.weight_decay}
    return {
        "net": net,
        "test_state": [{"stage": stage} for stage in source.stages()],
        "test_iter": source.test_iterations(),
        "test_interval": recipe.test_interval,
        "test_compute_loss": True,
        "type": "SGD",
        "base_lr": recipe.base_lr,
        **{name: value for name, value in schedule.items() if value is not None},
        "max_iter": recipe.max_iter,
        "display": 100,
        "snapshot": SNAPSHOT,
        "snapshot_prefix": snapshot_prefix,
        "random_seed": random_seed,
        "solver_mode": Word(solver_mode),
    }
