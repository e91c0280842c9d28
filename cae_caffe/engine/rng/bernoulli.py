"""Yes or no with a given probability, as Boost draws it."""

from __future__ import annotations

import numpy as np

from .words import Words


def sample(words: Words, count: int, probability: np.floating) -> np.ndarray:
    """`count` bools that are true with `probability` (0..1), one word each; probability 0 draws no word.

    The type of `probability`, np.float32 or np.float64, is that of the comparison, as it is of Boost's template.
    """
    real = type(probability)
    if probability == 0:
        return np.zeros(count, bool)
    bound = probability * real(2**32 - 1)
    return words.collect(count, bool, lambda size: words.draw(size).astype(real) <= bound)
