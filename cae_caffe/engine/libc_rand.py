"""The C library's rand(), which Caffe's HDF5Data layer shuffles with (std::random_shuffle of libstdc++ on glibc).

glibc's default generator is the additive feedback x[i] = x[i-3] + x[i-31] over 32-bit words; a number drawn is a word
less its lowest bit. Nothing in Caffe seeds it, so a process starts as after srand(1). It is one stream for the
whole process, which all shuffling layers share in the order in which they shuffle.
"""

from __future__ import annotations

import numpy as np

_WORD = 0xFFFFFFFF


class LibcRand:
    """glibc's rand() after srand(`seed`)."""

    def __init__(self, seed: int = 1):
        words = [seed]
        for _ in range(30):
            # The Lehmer generator, with the remainder kept positive.
            words.append(words[-1] * 16807 % 2147483647)
        # The first three stand again for the words 31 to 33; from there on each word is a sum.
        self._words = words[3:] + words[:3]
        for _ in range(310):
            self.draw()

    def draw(self) -> int:
        """The next number, 0 to 2**31 - 1."""
        words = self._words
        word = (words[0] + words[28]) & _WORD
        words.append(word)
        del words[0]
        return word >> 1

    @property
    def place(self) -> np.ndarray:
        """Where the stream stands, as uint32 words; given to another stream, that one goes on from there."""
        return np.array(self._words, np.uint32)

    @place.setter
    def place(self, place: np.ndarray) -> None:
        self._words = place.tolist()

    def is_place(self, words: np.ndarray) -> bool:
        """Whether the whole numbers `words` can be a place."""
        return words.ndim == 1 and len(words) == len(self._words) and bool(((words >= 0) & (words <= _WORD)).all())

    def shuffle(self, values: np.ndarray) -> None:
        """Shuffle in place as std::random_shuffle does."""
        for i in range(1, len(values)):
            j = self.draw() % (i + 1)
            values[i], values[j] = values[j], values[i]


_process_stream = LibcRand()


def shuffle(values: np.ndarray) -> None:
    """Shuffle `values` in place with the process's own stream."""
    _process_stream.shuffle(values)


def stream() -> LibcRand:
    """The process's own stream."""
    return _process_stream


def restart(seed: int = 1) -> None:
    """Start the process's stream again, as srand(`seed`) would."""
    global _process_stream
    _process_stream = LibcRand(seed)
