"""Uniform numbers as Boost draws them: reals of an interval, whole numbers for Caffe's shuffle, and yes or no."""

from __future__ import annotations

from collections.abc import MutableSequence

import numpy as np

from .words import Words, unit

_HALF, _TWO = np.float32(0.5), np.float32(2)
_LARGEST = np.finfo(np.float32).max


def sample(words: Words, count: int, low: float, high: float) -> np.ndarray:
    """`count` float32 values from `low` to `high`, both included; one word for each attempt, which rounding may reject.

    Boost's interval is open above, so Caffe asks it for the interval up to the next float32 above `high`.
    Raises ValueError unless low <= high, and low is finite and below the largest float32: no value could be accepted.
    """
    start, end = np.float32(low), np.nextafter(np.float32(high), _LARGEST)
    if not -np.inf < start < end:
        raise ValueError(f"There is no float32 between the bounds {start} and {high}: give a finite `low` up to "
                         "`high`.")
    if end * _HALF - start * _HALF > _LARGEST * _HALF:      # the span is beyond float32: Boost draws from half of it
        return _TWO * _sample_below(words, count, start * _HALF, end * _HALF)
    return _sample_below(words, count, start, end)


def _sample_below(words: Words, count: int, low: np.float32, end: np.float32) -> np.ndarray:
    span = end - low

    def attempt(size: int) -> np.ndarray:
        values = unit(words.draw(size)) * span + low
        return values[values < end]

    return words.collect(count, np.float32, attempt)


def shuffle(words: Words, items: MutableSequence) -> None:
    """Shuffle `items` in place as Caffe's `shuffle` does: from the last item down, each swaps with one up to itself."""
    for last in range(len(items) - 1, 0, -1):
        chosen = _up_to(words, last)
        items[last], items[chosen] = items[chosen], items[last]


def _up_to(words: Words, largest: int) -> int:
    """A whole number from 0 to `largest`: words fall into buckets of equal size; what is left over is passed over."""
    bucket = (1 << 32) // (largest + 1)
    while True:
        number = int(words.draw(1)[0]) // bucket
        if number <= largest:
            return number


def bernoulli(words: Words, count: int, probability: np.floating) -> np.ndarray:
    """`count` bools that are true with `probability` (0..1), one word each; probability 0 draws no word.

    The type of `probability`, np.float32 or np.float64, is that of the comparison, as it is of Boost's template.
    """
    real = type(probability)
    if probability == 0:
        return np.zeros(count, bool)
    bound = probability * real(2**32 - 1)
    return words.collect(count, bool, lambda size: words.draw(size).astype(real) <= bound)
