"""Shapes as Caffe's older layers see them: number, channels, height, width."""

from __future__ import annotations

from ....errors import InputError
from ...blob import Shape, shape_string


def four_axes(shape: Shape) -> Shape:
    """The shape with lengths of 1 behind, so that it has four axes (Blob::LegacyShape).

    Raises InputError if it has more.
    """
    if len(shape) > 4:
        raise InputError(f"a bottom has shape {shape_string(shape)}, and it takes at most four axes (number, channels, "
                         "height, width); put a Reshape layer before it.")
    return shape + (1,) * (4 - len(shape))
