"""The strips of equal area into which the ziggurat cuts a falling curve, to the last bit of Boost's tables.

Recurrences like these lose digits, so they run on decimals of 60 digits and every entry is rounded once.
"""

from __future__ import annotations

import decimal
import functools
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

_DIGITS = 60

# Where the tail begins, to Boost's digits: the strips stacked from there end exactly at the top of the curve.
_NORMAL_START = "3.442619855896652121424320491467339704337597386"
_EXPONENTIAL_START = "7.697117470131049714044628048015215499113968640"


@dataclass(frozen=True)
class Strips:
    """n strips, counted from the bottom, in the terms of README.md.

    Strip k reaches from 0 to x[k] and from the height y[k] to y[k+1]; all of it up to x[k+1] is under the curve. So x
    falls and y rises to the top at index n. x[0] is no point of the curve: it makes strip 0 a rectangle of the common
    area, tail and all.
    """

    x: np.ndarray           # (n+1) float64
    x32: np.ndarray         # x and y as float32
    y32: np.ndarray
    slope_width: np.ndarray     # (n) float32: x[k] - x[k+1], how far the curve runs inwards through strip k
    height: np.ndarray          # (n) float32: y[k+1] - y[k]


@functools.cache
def normal() -> Strips:
    """128 strips under exp(-x*x/2)."""
    return _cut(128, Decimal(_NORMAL_START), curve=lambda x: (-(x * x) / 2).exp(),
                inverse=lambda y: (-2 * y.ln()).sqrt(), tail=_normal_tail)


@functools.cache
def exponential() -> Strips:
    """256 strips under exp(-x)."""
    return _cut(256, Decimal(_EXPONENTIAL_START), curve=lambda x: (-x).exp(),
                inverse=lambda y: -y.ln(), tail=lambda x: (-x).exp())


def _normal_tail(start: Decimal) -> Decimal:
    """The integral of exp(-x*x/2) from `start` on, by its continued fraction."""
    fraction = start
    for k in range(600, 0, -1):
        fraction = start + k / fraction
    return (-(start * start) / 2).exp() / fraction


_Curve = Callable[[Decimal], Decimal]


def _cut(count: int, start: Decimal, curve: _Curve, inverse: _Curve, tail: _Curve) -> Strips:
    with decimal.localcontext(decimal.Context(prec=_DIGITS)):
        area = start * curve(start) + tail(start)
        x, y = [area / curve(start), start], [Decimal(0), curve(start)]
        while len(x) < count:
            y.append(y[-1] + area / x[-1])
            x.append(inverse(y[-1]))
    return _round(np.array([*map(float, x), 0.0]), np.array([*map(float, y), 1.0]))


def _round(x: np.ndarray, y: np.ndarray) -> Strips:
    """Differences are taken in float64 and rounded once, as Boost's compiler does with its constants."""
    return Strips(x, *(values.astype(np.float32) for values in (x, y, x[:-1] - x[1:], y[1:] - y[:-1])))
