"""Exponential numbers as Boost's ziggurat draws them, one by one: only the tail of the normal curve needs any."""

from __future__ import annotations

import numpy as np

from . import ziggurat
from .glibc import expf
from .words import Reader, fraction


def draw(reader: Reader) -> np.float32:
    """One float32 value of the density exp(-x); see README.md for the method.

    The tail beyond the start of strip 0 has the shape of the whole curve, so there the search begins anew, shifted.
    """
    strips = ziggurat.exponential()
    shift = np.float32(0)
    while True:
        word = reader.word()
        strip = int(word & 255)
        x = fraction(word) * strips.x32[strip]
        if x < strips.x32[strip + 1]:
            return shift + x
        if strip == 0:
            shift += strips.x32[1]
        elif _under_curve(strip, x, reader.unit_below_one()):
            return shift + x


def _under_curve(strip: int, x: np.float32, height: np.float32) -> bool:
    """Whether the point at x, and at `height` (0..1) of the strip, is under the curve, which lies between a chord and
    the tangent at the strip's upper edge.
    """
    strips = ziggurat.exponential()
    y = strips.y32[strip] + height * strips.height[strip]
    above_chord = strips.slope_width[strip] * height - (strips.x32[strip] - x)
    upper_x, upper_y = strips.x32[strip + 1], strips.y32[strip + 1]
    above_tangent = y - (upper_y + (upper_x - x) * upper_y)
    return bool(above_chord < 0 and (above_tangent < 0 or y < expf(-x)))
