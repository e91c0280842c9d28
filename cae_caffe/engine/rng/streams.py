"""The random stream with all that Caffe draws from it, and the stream of the current thread."""

from __future__ import annotations

import secrets
import threading
from collections.abc import MutableSequence

import numpy as np

from ...errors import InputError
from . import normal, uniform
from .words import MersenneTwister, Words


class Stream:
    """Caffe's random generator, seeded with `seed` modulo 2**32: the same values, of the same number of words."""

    def __init__(self, seed: int):
        self._generator = MersenneTwister(seed)
        self._words = Words(self._generator)

    @property
    def words_drawn(self) -> int:
        """How many 32-bit words have been drawn since the seeding."""
        return self._words.drawn

    @property
    def place(self) -> np.ndarray:
        """Where the stream stands, as uint32 words; given to another stream, that one goes on from there."""
        return np.concatenate([self._generator.state, self._words.made])

    @place.setter
    def place(self, place: np.ndarray) -> None:
        if not self.is_place(place):
            raise InputError("the numbers recorded for a random generator are none that it can stand at, so the "
                             "position is damaged")
        length = len(self._generator.state)
        words = place.astype(np.uint32)
        self._generator.state, self._words.made = words[:length], words[length:]

    def is_place(self, words: np.ndarray) -> bool:
        """Whether the whole numbers `words` can be a place."""
        length = len(self._generator.state)
        return (words.ndim == 1 and len(words) >= length and bool(((words >= 0) & (words < 1 << 32)).all())
                and int(words[length - 1]) < length)

    def word(self) -> int:
        """One raw word, 0 to 2**32 - 1 (`caffe_rng_rand`): what data layers seed their own generators with."""
        return int(self._words.draw(1)[0])

    def uniform(self, count: int, low: float, high: float) -> np.ndarray:
        """`count` float32 values from `low` to `high`, both included (`caffe_rng_uniform`).

        Raises ValueError unless low <= high with `low` finite and below the largest float32.
        """
        return uniform.sample(self._words, count, low, high)

    def one_uniform(self, low: float = 0, high: float = 1) -> float:
        """One such value."""
        return float(self.uniform(1, low, high)[0])

    def normal(self, count: int, mean: float, std: float) -> np.ndarray:
        """`count` float32 values of the normal distribution (`caffe_rng_gaussian`); `std` is above 0."""
        return normal.sample(self._words, count, mean, std)

    def bernoulli(self, count: int, probability: float) -> np.ndarray:
        """`count` bools, true with `probability` (0..1) as float32: a filler's mask (`caffe_rng_bernoulli<float>`)."""
        return uniform.bernoulli(self._words, count, np.float32(probability))

    def bernoulli_double(self, count: int, probability: float) -> np.ndarray:
        """`count` bools, true with `probability` (0..1) in float64: Dropout's mask (`caffe_rng_bernoulli<double>`).

        Dropout's probability is 1.0 - float(np.float32(dropout_ratio)).
        """
        return uniform.bernoulli(self._words, count, np.float64(probability))

    def shuffle(self, items: MutableSequence) -> None:
        """Shuffle `items` in place (`caffe::shuffle`): the lines of an ImageData layer."""
        uniform.shuffle(self._words, items)


_thread = threading.local()


def set_random_seed(seed: int) -> None:
    """Start the current thread's stream anew from `seed` modulo 2**32, as `Caffe::set_random_seed` does."""
    _thread.stream = Stream(seed)


def stream() -> Stream:
    """The current thread's stream; if nobody has seeded it, the system's entropy does at the first use."""
    if not hasattr(_thread, "stream"):
        set_random_seed(secrets.randbits(32))
    return _thread.stream
