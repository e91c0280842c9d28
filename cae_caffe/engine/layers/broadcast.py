"""One value for a whole part of a blob: how parameters of a few axes spread over a bottom, and sums over the rest.

Scale, Bias, PReLU and BatchNorm share this. A factor of shape (C, H) that applies from axis 1 of a bottom (N, C, H, W)
is seen as (1, C, H, 1), and its gradient is summed over axes 0 and 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ...errors import InputError
from ..blob import Blob, Shape, canonical_axis, shape_string


def learned_shape(axis: int, num_axes: int, bottom: Shape) -> Shape:
    """The shape of a learned factor over `num_axes` axes of `bottom` from `axis` on; -1 means all that follow.

    Raises InputError if the bottom has not so many.
    """
    first = canonical_axis(axis, bottom)
    if num_axes < -1 or first + num_axes > len(bottom):
        raise InputError(f"its `num_axes` is {num_axes} from `axis` {first} on, and its bottom has shape "
                         f"{shape_string(bottom)}; give 0 to {len(bottom) - first}, or -1 for all that follow.")
    return bottom[first:] if num_axes == -1 else bottom[first:first + num_axes]


@dataclass(frozen=True)
class Spread:
    """How a factor lies over a bottom: its `first` axis there, its `shape` with a length of 1 on the `others`."""

    first: int
    shape: Shape
    others: tuple[int, ...]

    def view(self, factor: torch.Tensor) -> torch.Tensor:
        """The factor so that it multiplies, or adds to, the bottom."""
        return factor.view(self.shape)

    def write_sum(self, values: torch.Tensor, blob: Blob) -> None:
        """Overwrite the diff of `blob` with the sum of `values`, shaped as the bottom, over the other axes."""
        if self.others:
            torch.sum(values, self.others, out=blob.diff)
        else:
            blob.diff.copy_(values)

    def add_sum(self, values: torch.Tensor, blob: Blob) -> None:
        """As `write_sum`, for a parameter, whose diff adds up."""
        diff, add = blob.diff_to_add_to()
        if add:
            diff.add_(values.sum(self.others) if self.others else values)
        else:
            self.write_sum(values, blob)


def spread(factor: Shape, axis: int, bottom: Shape) -> Spread:
    """How a factor of shape `factor` lies over `bottom` from `axis` on; a scalar factor lies anywhere.

    Raises InputError if their lengths differ, or the bottom ends before.
    """
    first = canonical_axis(axis, bottom) if factor else 0
    end = first + len(factor)
    if bottom[first:end] != factor:
        raise InputError(f"its factor has shape {shape_string(factor)} and applies from `axis` {first} of a bottom of "
                         f"shape {shape_string(bottom)}; the lengths must agree, axis by axis.")
    others = tuple(range(first)) + tuple(range(end, len(bottom)))
    return Spread(first, (1,) * first + factor + (1,) * (len(bottom) - end), others)
