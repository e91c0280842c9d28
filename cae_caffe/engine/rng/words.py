"""The raw 32-bit words of Caffe's generator, which can be looked at before they are drawn."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

BLOCK = 1 << 16         # words handled at a time: long enough for array arithmetic to pay, short enough for the cache
REFILL = 4096           # words made at least when the look-ahead runs out

_UNIT = np.float32(2.0 ** -32)
_FRACTION = np.float32(2.0 ** -24)


class MersenneTwister:
    """mt19937 seeded with `seed` modulo 2**32: called with n, it returns the next n words (uint32)."""

    def __init__(self, seed: int):
        self._state = np.random.RandomState(seed & 0xFFFFFFFF)

    def __call__(self, count: int) -> np.ndarray:
        return self._state.randint(0, 1 << 32, size=count, dtype=np.uint32)

    @property
    def state(self) -> np.ndarray:
        """Its 624 words (uint32), and how many of them have been given out."""
        _, words, given_out, *_ = self._state.get_state(legacy=True)
        return np.append(words, np.uint32(given_out))

    @state.setter
    def state(self, state: np.ndarray) -> None:
        self._state.set_state(("MT19937", state[:-1], int(state[-1]), 0, 0.0))


def unit(words):
    """Words (array or scalar) as float32 in 0..1; 1 itself is what the 128 largest words round to."""
    return words.astype(np.float32) * _UNIT


def fraction(words):
    """The upper 24 bits of words (array or scalar) as float32 in 0..1 without 1, exactly."""
    return (words >> 8).astype(np.float32) * _FRACTION


class Words:
    """Words in the order in which `generate` makes them, with look-ahead.

    `generate(n)` returns the next n words as a uint32 array. Samplers work on at most `block` words at a time.
    `drawn` counts the words drawn so far, and `made` holds the words that have been looked at and not drawn.
    """

    def __init__(self, generate: Callable[[int], np.ndarray], block: int = BLOCK):
        self.block = block
        self.drawn = 0
        self._generate = generate
        self.made = np.empty(0, np.uint32)

    def ahead(self, count: int) -> np.ndarray:
        """The next `count` words, which stay undrawn."""
        missing = count - self.made.size
        if missing > 0:
            self.made = np.concatenate([self.made, self._generate(max(missing, REFILL))])
        return self.made[:count]

    def draw(self, count: int) -> np.ndarray:
        """The next `count` words, drawn."""
        words = self.ahead(count)
        self.made = self.made[count:]
        self.drawn += count
        return words

    def collect(self, count: int, dtype, attempt: Callable[[int], np.ndarray]) -> np.ndarray:
        """An array of `count` values, made by calling `attempt(n)`, which returns up to n values, until it is full."""
        values = np.empty(count, dtype)
        done = 0
        while done < count:
            some = attempt(min(count - done, self.block))
            values[done:done + some.size] = some
            done += some.size
        return values


class Reader:
    """Reads words one by one, from `place` words ahead on, without drawing them; `place` is where it has come to."""

    def __init__(self, words: Words, place: int):
        self.place = place
        self._words = words

    def word(self) -> np.uint32:
        self.place += 1
        return self._words.ahead(self.place)[-1]

    def unit_below_one(self) -> np.float32:
        """The next word as float32 in 0..1; a word that rounds to 1 is passed over."""
        while True:
            value = unit(self.word())
            if value < 1:
                return value
