"""Batches cut into pieces that stay in the cache while several passes go over them."""

from __future__ import annotations

from collections.abc import Iterator

import torch

VALUES = 1 << 18        # of the first tensor in a piece: 1 MB


def along_batch(*tensors: torch.Tensor) -> Iterator[tuple[torch.Tensor, ...]]:
    """Views of the tensors (N, ...), some rows at a time; on an accelerator all at once."""
    first = tensors[0]
    batch = first.shape[0]
    on_cpu = first.device.type == "cpu"
    rows = max(1, VALUES * batch // max(1, first.numel())) if on_cpu else max(1, batch)
    return zip(*(tensor.split(rows) for tensor in tensors))
