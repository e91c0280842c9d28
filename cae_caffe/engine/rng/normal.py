"""Normal numbers as Boost's ziggurat draws them, a block of words at a time; README.md explains how."""

from __future__ import annotations

import numpy as np

from . import exponential, ziggurat
from .glibc import expf
from .words import Reader, Words, fraction, unit

_HALF, _TWO = np.float32(0.5), np.float32(2)


def sample(words: Words, count: int, mean: float, std: float) -> np.ndarray:
    """`count` float32 values of the normal distribution; about 1.04 words each."""
    mean, std = np.float32(mean), np.float32(std)
    with np.errstate(over="ignore", invalid="ignore"):      # an infinite or huge std gives what it gives in Caffe
        return words.collect(count, np.float32, lambda size: _standard(words, size) * std + mean)


def _standard(words: Words, size: int) -> np.ndarray:
    """Up to `size` values of mean 0 and standard deviation 1, of attempts started at the next `size` words.

    Draws these words, and those beyond them that the last attempt used.
    """
    ahead = words.ahead(size + 1)
    first = ahead[:-1]
    strips = ziggurat.normal()
    strip = ((first & 255) >> 1).astype(np.intp)
    x = fraction(first) * strips.x32[strip]
    accepted = x < strips.x[strip + 1]          # a float32 against a float64, as in Boost
    end = _settle_slow(words, ahead, strip, x, accepted)
    signs = (first & 1 ^ 1) << 31               # an even word makes a negative value, be it zero
    x.view(np.uint32)[...] |= signs
    words.draw(max(size, end))
    return x[accepted]


def _settle_slow(words: Words, ahead: np.ndarray, strip: np.ndarray, x: np.ndarray, accepted: np.ndarray) -> int:
    """Decide the attempts that need more than their first word, and strike out the words that these use up.

    Updates `x` and `accepted`; returns the place of the first word that no attempt has used.
    """
    slow = np.flatnonzero(~accepted)
    height = unit(ahead[slow + 1])
    accepted[slow] = _under_curve(strip[slow], x[slow], height)
    rare = (strip[slow] == 0) | (height == 1)
    used: list[int] = []                        # by attempts that started earlier
    free = 0
    for place, is_rare in zip(slow.tolist(), rare.tolist()):
        if place < free:
            continue
        free = place + 2
        if is_rare:
            x[place], accepted[place], free = _finish_rare(Reader(words, place + 1), strip[place], x[place])
            used.extend(range(place + 2, free))
        used.append(place + 1)
    places = np.array(used, np.intp)
    accepted[places[places < accepted.size]] = False
    return free


def _finish_rare(reader: Reader, strip: int, x: np.float32) -> tuple[np.float32, bool, int]:
    """The value, whether it is accepted, and the next free place, of an attempt that may take any number of words."""
    if strip == 0:
        return _tail(reader), True, reader.place
    accepted = bool(_under_curve(strip, x, reader.unit_below_one()))
    return x, accepted, reader.place


def _tail(reader: Reader) -> np.float32:
    """A value from the tail beyond the start of strip 0, out of pairs of exponential numbers (Marsaglia's method)."""
    start = ziggurat.normal().x32[1]
    while True:
        beyond = exponential.draw(reader) / start
        if _TWO * exponential.draw(reader) > beyond * beyond:
            return beyond + start


def _under_curve(strip, x, height):
    """Whether points (arrays or scalars) at x, and at `height` (0..1) of their strip, are under the curve.

    Over a strip the curve lies between its chord and the tangent at the strip's lower edge: where it is convex (from
    x = 1 outwards) the chord is the upper of the two, elsewhere the tangent. Every operation is rounded to float32.
    """
    strips = ziggurat.normal()
    lower_x, lower_y = strips.x32[strip], strips.y32[strip]
    y = lower_y + height * strips.height[strip]
    inwards = lower_x - x
    above_chord = strips.slope_width[strip] * height - inwards
    above_tangent = y - (lower_y + inwards * lower_y * lower_x)
    convex = strips.x[strip] >= 1
    above_upper = np.where(convex, above_chord, above_tangent)
    above_lower = np.where(convex, above_tangent, above_chord)
    return (above_upper < 0) & ((above_lower < 0) | (y < expf(-(x * x * _HALF))))
