"""Memory for a layer to work in, so that a step allocates none."""

from __future__ import annotations

import torch


def buffer_like(buffer: torch.Tensor | None, tensor: torch.Tensor) -> torch.Tensor:
    """`buffer` if it is shaped and stored as `tensor`, else a new one that is; the values are anything."""
    if buffer is not None and buffer.shape == tensor.shape and buffer.stride() == tensor.stride():
        return buffer
    return torch.empty_like(tensor)


def keep(buffer: torch.Tensor | None, values: torch.Tensor) -> torch.Tensor:
    """`values` copied into `buffer`, or into a new one, as `buffer_like` has it.

    What a layer keeps for its backward pass, or for a top that is computed when somebody reads it, must lie in memory
    that stays: a recorded step goes on writing into the memory that it was recorded with.
    """
    return buffer_like(buffer, values).copy_(values)


def scratch_like(layer, tensor: torch.Tensor) -> torch.Tensor:
    """Memory shaped and stored as the blob's `tensor`, the layer's own until its call ends: all layers share it."""
    flat = layer.context.scratch.take("values", (tensor.numel(),), tensor)
    return flat.as_strided(tensor.size(), tensor.stride())


class KeptInput:
    """A layer's bottom as the backward pass needs it: a copy where the layer runs in place, itself elsewhere."""

    def __init__(self):
        self._copy = torch.empty(0)

    def keep(self, bottom, top) -> None:
        """Call it before `top` is written."""
        if bottom is top:
            self._copy = keep(self._copy, bottom.data)

    def of(self, bottom, top) -> torch.Tensor:
        """What `bottom` held in the last forward pass."""
        return self._copy if bottom is top else bottom.data
