"""A one-dimensional full convolution as few multiplications between sums: `y = C ((A x) * (B w))`.

The convolution of `short` numbers x with `taps` numbers w has length = short + taps - 1 outputs, so it is circular in
that length, and the discrete Fourier transform makes it a product frequency by frequency. Real numbers need only
half of the frequencies. A product of complex numbers takes three real multiplications (Gauss): with
`k1 = (xr + xi) wr`, `k2 = xr (wi - wr)`, `k3 = xi (wr + wi)` it is `(k1 - k3) + i (k1 + k2)`.
"""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import torch


class Factors(NamedTuple):
    """The three constant matrices, float64. Row 0 of `small` is all ones and column 0 of `large` is 1 / length."""

    small: torch.Tensor    # A: (rank, short)
    kernel: torch.Tensor   # B: (rank, taps)
    large: torch.Tensor    # C: (length, rank)


def rank(length: int) -> int:
    """Multiplications for a full convolution of `length` outputs: one a real frequency, three a complex one."""
    real = 1 if length % 2 else 2
    return real + 3 * ((length - real) // 2)


@functools.cache
def factors(short: int, taps: int) -> Factors:
    """The matrices for `short` inputs and `taps` taps, exact but for rounding."""
    length = short + taps - 1
    rows = [row for frequency in range(length // 2 + 1) for row in _frequency(frequency, short, taps, length)]
    small, kernel, large = (torch.stack(column) for column in zip(*rows))
    return Factors(small, kernel, large.t().contiguous())


def _frequency(frequency: int, short: int, taps: int, length: int) -> list[tuple[torch.Tensor, ...]]:
    """The rows of A, B and the columns of C that belong to one frequency."""
    xr, xi = _wave(frequency, short, length)
    wr, wi = _wave(frequency, taps, length)
    yr, yi = _wave(frequency, length, length)
    if frequency == 0 or 2 * frequency == length:
        return [(xr, wr, yr / length)]
    yr, yi = 2 / length * yr, 2 / length * yi     # this frequency and its mirror image
    return [(xr + xi, wr, yr + yi), (xr, wi - wr, yi), (xi, wr + wi, -yr)]


def _wave(frequency: int, count: int, length: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Real and imaginary part of the first `count` entries of one row of the transform."""
    angle = torch.arange(count, dtype=torch.float64, device="cpu") * (2 * math.pi * frequency / length)
    return torch.cos(angle), -torch.sin(angle)
