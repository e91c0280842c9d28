"""Convolution and deconvolution over three spatial axes, by PyTorch's own kernels; lowering is for two."""

from __future__ import annotations

import torch

aten = torch.ops.aten


class VolumeKernel:
    """Computes one layer on (N, C, D, H, W) tensors, with the calls of the kernels in `lowering`."""

    rows_first = False
    replayable = False

    def __init__(self, transposed: bool, stride, pad, dilation, group: int):
        self._options = (list(stride), list(pad), list(dilation), transposed, [0, 0, 0], group)

    def forward(self, bottom, weight, bias, top) -> None:
        top.copy_(aten.convolution(bottom, weight, bias, *self._options))

    def backward(self, top_diff, bottom, weight, *, bottom_diff=None, weight_diff=None, bias_diff=None,
                 accumulate=False) -> None:
        wanted = [diff is not None for diff in (bottom_diff, weight_diff, bias_diff)]
        results = aten.convolution_backward(top_diff, bottom, weight, [top_diff.shape[1]], *self._options, wanted)
        if bottom_diff is not None:
            bottom_diff.copy_(results[0])
        for target, result in ((weight_diff, results[1]), (bias_diff, results[2])):
            if target is not None:
                target.add_(result) if accumulate else target.copy_(result)

    def forget(self) -> None:
        """Nothing is kept between forward and backward."""
