"""Layers that write only what they compute: PyTorch's autograd gives their gradients."""

from __future__ import annotations

import torch

from .blob import Blob
from .layer import Layer


class AutogradLayer(Layer):
    """A layer that writes only `compute`; its backward is autograd's, over a second run of `compute`.

    The second run costs one forward, and in exchange the backward pass depends on nothing but the blobs, as Caffe's
    does: `net.backward()` after a user changed some blob means what it means there.
    """

    def forward(self, bottom: list[Blob], top: list[Blob]) -> None:
        data = [blob.data for blob in bottom]
        if any(t is b for t in top for b in bottom):
            # Run in place: the backward pass needs the values that the top is about to overwrite.
            data = self._keep(data)
        else:
            self._kept = None
        with torch.no_grad():
            results = self.compute(data, [blob.data for blob in self.blobs])
        for blob, result in zip(top, results):
            blob.data.copy_(result)

    def backward(self, top: list[Blob], propagate_down: list[bool], bottom: list[Blob]) -> None:
        data = self._kept or [blob.data for blob in bottom]
        inputs = [t.detach().requires_grad_(needed) for t, needed in zip(data, propagate_down)]
        params = [blob.data.detach().requires_grad_(self.needs_diff(i)) for i, blob in enumerate(self.blobs)]
        wanted = [t for t in inputs + params if t.requires_grad]
        if not wanted:
            return
        with torch.enable_grad():
            results = self.compute(inputs, params)
        pairs = [(result, blob.diff) for result, blob in zip(results, top) if result.requires_grad]
        gradients = iter(torch.autograd.grad([r for r, _ in pairs], wanted, [d for _, d in pairs], allow_unused=True))
        for blob, tensor in zip(bottom, inputs):
            if tensor.requires_grad:
                _write(next(gradients), blob.diff, add=False)
        for blob, tensor in zip(self.blobs, params):
            if tensor.requires_grad:
                _write(next(gradients), *blob.diff_to_add_to())

    _kept: list[torch.Tensor] | None = None

    def _keep(self, data: list[torch.Tensor]) -> list[torch.Tensor]:
        """The values in memory that stays (see layers/buffers.py) while the shapes do."""
        if self._kept is None or [kept.shape for kept in self._kept] != [tensor.shape for tensor in data]:
            self._kept = [torch.empty_like(tensor) for tensor in data]
        for kept, tensor in zip(self._kept, data):
            kept.copy_(tensor)
        return self._kept


def _write(gradient: torch.Tensor | None, diff: torch.Tensor, add: bool) -> None:
    if gradient is None:         # autograd's way to say zero
        gradient = torch.zeros_like(diff)
    if add:
        diff.add_(gradient)
    else:
        diff.copy_(gradient)
