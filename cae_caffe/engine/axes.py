"""Axis numbers as prototxts give them: negative ones count from the end."""

from __future__ import annotations

from ..errors import InputError
from .blob import Shape, shape_string


def canonical_axis(axis: int, shape: Shape) -> int:
    """`axis` as a number from 0 (Blob::CanonicalAxisIndex).

    Raises InputError if a blob of `shape` has no such axis.
    """
    if not -len(shape) <= axis < len(shape):
        raise InputError(f"axis {axis} is out of range for a blob of {len(shape)} axes, shape {shape_string(shape)}; "
                         f"give one from {-len(shape)} to {len(shape) - 1}.")
    return axis % len(shape)
