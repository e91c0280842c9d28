"""Blobs whose values are the numbers of rows."""

from __future__ import annotations

import torch

from ...errors import InputError


def row_numbers(layer, blob, rows: int) -> torch.Tensor:
    """The values of `blob`, flat, as whole numbers, with what is behind the point cut off.

    Raises InputError if one is not from 0 to `rows` - 1. An accelerator checks that itself, so as not to wait.
    """
    values = blob.data.reshape(-1)
    if values.device.type == "cpu":
        for value in values[(values < 0) | ~(values < rows)][:1].tolist():
            raise InputError(f"Layer `{layer.name}` (type {layer.type}) is given the row number {value:g}; it has rows "
                             f"0 to {rows - 1}. Correct the data.")
    return values.long()
