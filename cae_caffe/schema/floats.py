"""Rounding to float32, which protobuf's pure-Python form does not do everywhere."""

from __future__ import annotations

import math
import struct


def float32(value: float) -> float:
    """Return the float32 nearest to `value`, infinity where it is too large."""
    try:
        return struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)
