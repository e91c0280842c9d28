"""The raw material of random layers: bottoms, how many tops, and what the options are drawn from.

A recipe takes hypothesis's `draw` and returns Parts; conformance_recipes.py has those of the layer types.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Callable

import numpy as np
from conformance import values
from conformance_fields import Values, numbers
from hypothesis import strategies as st

SEEDS = st.integers(0, 100_000)
LENGTHS = st.integers(1, 4)
SOMETIMES = st.sampled_from([False, False, True])
RARELY = st.sampled_from([False] * 14 + [True])


@dataclass
class Parts:
    """The bottoms of a layer, its number of tops, and what its options are drawn from (see conformance_fields)."""

    bottoms: list[np.ndarray]
    tops: int = 1
    special: Mapping[str, Values] = field(default_factory=dict)
    always: tuple[str, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    may_force: bool = True      # whether every bottom but the labels has a gradient, so that it can be asked for


Recipe = Callable[..., Parts]
RECIPES: dict[str, Recipe] = {}


def recipe(*types: str):
    def add(function: Recipe) -> Recipe:
        RECIPES.update(dict.fromkeys(types, function))
        return function
    return add


def shape_of(draw, least: int = 0, most: int = 5, longest: int = 4) -> tuple[int, ...]:
    return tuple(draw(st.lists(st.integers(1, longest), min_size=least, max_size=most)))


def array(draw, *shape: int, low: float = -1, high: float = 1) -> np.ndarray:
    return values(*shape, low=low, high=high, seed=draw(SEEDS))


def axis_of(draw, shape) -> Values:
    """An axis that the shape has, counted from either end; now and then none."""
    if draw(RARELY):
        return numbers(-7, 7)
    return numbers(-len(shape), max(0, len(shape) - 1))
