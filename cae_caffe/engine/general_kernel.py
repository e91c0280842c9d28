"""Convolution and deconvolution over any number of spatial axes, for those that PyTorch's kernels do not have."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch.func import vjp


class GeneralKernel:
    """Computes one layer on (N, C, ...) tensors, with the calls of the kernels in `lowering`.

    The convolution is written as sums over windows, and all else is its derivative: deconvolution is the gradient of
    a convolution's input, and linear, so that autograd gives it at any input.
    """

    rows_first = False
    replayable = False

    def __init__(self, transposed: bool, stride, pad, dilation, group: int):
        self._transposed, self._group = transposed, group
        self._axes = list(zip(stride, pad, dilation))

    def forward(self, bottom, weight, bias, top) -> None:
        top.copy_(self.result(bottom, weight, bias, top.shape))

    def result(self, bottom: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, shape) -> torch.Tensor:
        """The top, of `shape`, in differentiable operations that can be mapped over several runs."""
        if self._transposed:
            gradient = vjp(lambda image: self._convolve(image, weight), bottom.new_zeros(shape))[1]
            top, = gradient(bottom)
        else:
            top = self._convolve(bottom, weight)
        return top if bias is None else top + bias.view(-1, *[1] * len(self._axes))

    def backward(self, top_diff, bottom, weight, *, bottom_diff=None, weight_diff=None, bias_diff=None,
                 accumulate=False) -> None:
        image, diff = (top_diff, bottom) if self._transposed else (bottom, top_diff)
        image, weight = image.detach().requires_grad_(), weight.detach().requires_grad_()
        with torch.enable_grad():
            small = self._convolve(image, weight)
        by_image, by_weight = torch.autograd.grad(small, (image, weight), diff)
        if bottom_diff is not None:
            bottom_diff.copy_(small.detach() if self._transposed else by_image)
        by_bias = top_diff.transpose(0, 1).flatten(1).sum(1)
        for target, result in ((weight_diff, by_weight), (bias_diff, by_bias)):
            if target is not None:
                target.add_(result) if accumulate else target.copy_(result)

    def _convolve(self, image: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        """Cross-correlation of (N, channels, ...) with (outputs, channels / group, kernel ...)."""
        patches = F.pad(image, [pad for _, pad, _ in reversed(self._axes) for pad in (pad, pad)])
        for axis, (stride, _, dilation) in enumerate(self._axes, 2):
            reach = dilation * (weight.shape[axis] - 1) + 1
            patches = patches.unfold(axis, reach, stride)[..., ::dilation]
        places = patches.shape[2:2 + len(self._axes)]
        patches = patches.reshape(image.shape[0], self._group, weight.shape[1], places.numel(),
                                  patches.shape[2 + len(self._axes):].numel())
        grouped = weight.reshape(self._group, -1, weight.shape[1], patches.shape[-1])
        return torch.einsum("ngcpk,gock->ngop", patches, grouped).reshape(image.shape[0], weight.shape[0], *places)

    def forget(self) -> None:
        """Nothing is kept between forward and backward."""
