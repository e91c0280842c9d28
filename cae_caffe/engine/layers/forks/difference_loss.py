"""What FlowNet 2.0's losses of differences share: their bottoms, and by what they divide."""

from __future__ import annotations

import torch

from ....errors import InputError
from ...autograd_layer import AutogradLayer
from ...blob import shape_string
from ...layer import between
from ..loss import LossLayer


class DifferenceLoss(AutogradLayer, LossLayer):
    """A loss of the difference of two bottoms, or of one bottom, with a batch and channels."""

    bottoms = between(1, 2)

    def allows_forced_backward(self, bottom_index):
        return True

    def shapes(self, bottom_shapes):
        first = bottom_shapes[0]
        if len(first) < 2:
            raise InputError(f"its bottom has shape {shape_string(first)}; it must have a batch and channels, at least "
                             "2 axes.")
        if first != bottom_shapes[-1]:
            raise InputError(f"its bottoms have shapes {shape_string(first)} and {shape_string(bottom_shapes[1])}; "
                             "they must agree.")
        return [()]


def difference(bottoms: list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """The difference, 0 where it is no number, and where it is one."""
    value = bottoms[0] - bottoms[1] if len(bottoms) == 2 else bottoms[0]
    known = ~value.isnan()
    return torch.where(known, value, 0), known


def divisor(known: torch.Tensor, by_entries: bool) -> float | torch.Tensor:
    """By what the loss is divided: the batch, or `by_entries` the number of those known over that of channels."""
    return known.sum().clamp_min(1) / known.shape[1] if by_entries else max(1, known.shape[0])
