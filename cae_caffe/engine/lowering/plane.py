"""1 x 1 kernels between few channels: each plane of the result is a weighted sum of planes."""

from __future__ import annotations

import torch

from .buffers import Scratch
from .candidate import Candidate, is_plain
from .geometry import ConvolutionGeometry
from .kernel import Kernel, deliver, megaflops
from .packing import ROWS_FIRST

#: Pairs of channels up to which a 1 x 1 kernel is computed plane by plane: each pair is one pass over the planes.
PAIRS = 16
#: The least that was measured, for the last layers in README.md's table.
GAIN = 10.0


class PlaneKernel(Kernel):
    """Convolution and deconvolution are the same here but for the order of the weights' dimensions.

    The weights stay tensors of no dimensions, which PyTorch multiplies as fast as numbers, so nothing waits for the
    device. The biases' gradients, sums over whole planes that mostly cancel, end in double precision.
    """

    rows_first = True

    def __init__(self, geometry: ConvolutionGeometry, scratch: Scratch | None = None) -> None:
        super().__init__(geometry)
        self._scratch = Scratch() if scratch is None else scratch
        self._scratch.reserve(
            "planes", geometry.batch * geometry.in_height * geometry.in_channels * geometry.out_channels)

    def forward(self, bottom, weight, bias, top):
        planes = bottom.unbind(1)
        for channel, (result, weights) in enumerate(zip(top.unbind(1), self._by_top(weight))):
            _weighted_sum(planes, weights, result)
            if bias is not None:
                result.add_(bias[channel])

    def backward(self, top_diff, bottom, weight, *, bottom_diff=None, weight_diff=None, bias_diff=None,
                 accumulate=False):
        gradients = top_diff.unbind(1)
        if bias_diff is not None:
            deliver(top_diff.sum(2).sum((0, 2), dtype=torch.float64), bias_diff, accumulate)
        if weight_diff is not None:
            deliver(self._weight_gradient(top_diff, bottom), self._by_top(weight_diff), accumulate)
        if bottom_diff is not None:
            for result, weights in zip(bottom_diff.unbind(1), self._by_top(weight).t()):
                _weighted_sum(gradients, weights, result)

    def describe(self):
        geometry = self.geometry
        return f"planes: {geometry.in_channels} to {geometry.out_channels}, {megaflops(geometry.direct_flops)} a step"

    def _by_top(self, weight: torch.Tensor) -> torch.Tensor:
        """(top channels, bottom channels)."""
        matrix = weight.view(weight.shape[:2])
        return matrix.t() if self.geometry.transposed else matrix

    def _weight_gradient(self, top_diff: torch.Tensor, bottom: torch.Tensor) -> torch.Tensor:
        """(top channels, bottom channels): a small product for each row of pixels, and the sum of all."""
        left, right = _rows(top_diff), _rows(bottom)
        products = self._scratch.take("planes", (left.shape[0], left.shape[1], right.shape[1]), left)
        torch.bmm(left, right.transpose(1, 2), out=products)
        return products.sum(0)


def _rows(tensor: torch.Tensor) -> torch.Tensor:
    """(rows of all images, channels, columns), a view of tensors stored rows first."""
    return tensor.permute(ROWS_FIRST).flatten(0, 1)


def _weighted_sum(planes, weights: torch.Tensor, result: torch.Tensor) -> None:
    torch.mul(planes[0], weights[0], out=result)
    for plane, weight in zip(planes[1:], weights[1:]):
        result.addcmul_(plane, weight)


def fits(geometry: ConvolutionGeometry, device: torch.device) -> bool:
    """Whether a 1 x 1 kernel goes over every pixel, between few channels."""
    pairs = geometry.in_channels * geometry.out_channels
    return (is_plain(geometry, device) and geometry.kernel == (1, 1) and geometry.stride == (1, 1)
            and geometry.pad == (0, 0) and pairs <= PAIRS)


CANDIDATE = Candidate("planes", fits, lambda geometry: GAIN, PlaneKernel)
