"""The C library's exponential function for floats, whose last bit decides whether a sample is accepted."""

from __future__ import annotations

import decimal

import numpy as np

# A cubic for 2**(r/32), and the factor 32/ln 2, as glibc has them since 2.28.
_CUBIC = float.fromhex("0x1.c6af84b912394p-20")
_SQUARE = float.fromhex("0x1.ebfce50fac4f3p-13")
_LINEAR = float.fromhex("0x1.62e42ff0c52d6p-6")
_STEPS_PER_E = float.fromhex("0x1.71547652b82fep+5")


def _thirty_second_powers() -> np.ndarray:
    """2**(k/32) for k in 0..31, each the nearest float64 (which math.pow does not promise)."""
    with decimal.localcontext(decimal.Context(prec=50)):
        return np.array([float(decimal.Decimal(2) ** (decimal.Decimal(k) / 32)) for k in range(32)])


_POWERS = _thirty_second_powers()


def expf(x):
    """e**x of float32 values (array or scalar) with glibc's rounding, for arguments that neither over- nor underflow.

    In float64, x is split into a multiple of ln(2)/32, whose power is looked up, and a rest, whose power is a cubic.
    """
    steps = x.astype(np.float64) * _STEPS_PER_E
    whole = np.rint(steps)
    rest = steps - whole
    octave, index = np.divmod(whole.astype(np.int32), 32)
    power = np.ldexp(_POWERS[index], octave)
    return (((_CUBIC * rest + _SQUARE) * (rest * rest) + (_LINEAR * rest + 1.0)) * power).astype(np.float32)
