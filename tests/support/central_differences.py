"""Derivatives in float64 by central differences, whose error is some 1e-10 of a value of 1."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

STEP = 1e-6


def slope(function: Callable[[], float], array: np.ndarray, place) -> float:
    """The derivative of `function`, which reads the float64 `array`, by the element at `place`, which stays."""
    kept = array[place]
    array[place] = kept + STEP
    above = function()
    array[place] = kept - STEP
    below = function()
    array[place] = kept
    return (above - below) / (2 * STEP)


def slopes(function: Callable[[], float], array: np.ndarray) -> np.ndarray:
    """The derivative by every element, in the array's shape."""
    return np.array([slope(function, array, place) for place in np.ndindex(array.shape)]).reshape(array.shape)
