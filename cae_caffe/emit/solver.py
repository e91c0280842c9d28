"""Solvers, as SolverParameter messages of Caffe 1.0: a recipe, and what the paper leaves open."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ..families import FAMILIES, DataSource, Recipe, Source
from .text import Fields, Word

# By the families' names.
RECIPES: Mapping[str, Recipe] = MappingProxyType({family.name: family.recipe for family in FAMILIES})


def solver(recipe: Recipe, net: str, snapshot_prefix: str, source: DataSource | None = None,
           solver_mode: str = "CPU", random_seed: int = 1) -> Fields:
    """The solver of a net file: `net` and `snapshot_prefix` are paths from the folder where Caffe will run.

    `source` None is `Source()`, all of MNIST.
    """
    source = source or Source()
    schedule = {"lr_policy": recipe.lr_policy, "gamma": recipe.gamma, "power": recipe.power,
                "stepsize": recipe.stepsize, "momentum": recipe.momentum, "weight_decay": recipe.weight_decay}
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
        "snapshot": recipe.snapshot,
        "snapshot_prefix": snapshot_prefix,
        "random_seed": random_seed,
        "solver_mode": Word(solver_mode),
    }
