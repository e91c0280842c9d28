"""What every kernel offers to the convolution layers."""

from __future__ import annotations

import abc

import torch

from .geometry import ConvolutionGeometry


class Kernel(abc.ABC):
    """Computes one convolution or deconvolution layer, forward and backward, on tensors that the caller owns.

    Bottoms and tops are (N, C, H, W), of any strides; weights and biases have Caffe's shapes and are contiguous. All
    tensors of one call share a device and a type, float32 or float64. A kernel holds no tensor until its first call;
    then it makes its buffers for that device and type, and makes none afterwards. No call waits for the device, and
    none records gradients.
    """

    #: Whether the kernel is fastest on bottoms and tops stored rows first: contiguous as (H, N, C, W), which the
    #: caller sees through permute(1, 2, 0, 3).
    rows_first = False
    #: Whether a step with it can be recorded and replayed (see ../tape.py), and gains by that.
    replayable = True

    def __init__(self, geometry: ConvolutionGeometry) -> None:
        self.geometry = geometry

    @abc.abstractmethod
    def forward(
        self, bottom: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, top: torch.Tensor
    ) -> None:
        """Write the layer's output into `top`."""

    @abc.abstractmethod
    def backward(
        self,
        top_diff: torch.Tensor,
        bottom: torch.Tensor,
        weight: torch.Tensor,
        *,
        bottom_diff: torch.Tensor | None = None,
        weight_diff: torch.Tensor | None = None,
        bias_diff: torch.Tensor | None = None,
        accumulate: bool = False,
    ) -> None:
        """Write each gradient that is given a tensor.

        `bottom_diff` is overwritten always; `accumulate` adds the parameters' gradients to what is there, as Caffe
        does with `iter_size` and with shared parameters. The gradients are those at `bottom` and `weight` as given,
        whatever the last forward saw: its transforms are used again only where PyTorch's version counters show that
        nothing was written since.
        """

    @abc.abstractmethod
    def describe(self) -> str:
        """One line for logs: the method, its size and its floating-point operations a step."""

    def forget(self) -> None:
        """Use nothing from the last forward. For writes that no version counter shows: numpy views, fused updates."""
        return      # most kernels keep nothing


def deliver(value: torch.Tensor, target: torch.Tensor, accumulate: bool) -> None:
    """Add to `target` or overwrite it."""
    if accumulate:
        target.add_(value)
    else:
        target.copy_(value)


def deliver_sum(values: torch.Tensor, axes: int | tuple[int, ...], target: torch.Tensor, accumulate: bool) -> None:
    """`deliver` of the sum over `axes`, without a copy where the target is overwritten."""
    if accumulate:
        target.add_(values.sum(axes))
    else:
        torch.sum(values, axes, out=target)


def megaflops(count: int) -> str:
    """So many floating-point operations, in words."""
    return f"{count / 1e6:.1f} Mflop"
