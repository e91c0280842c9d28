"""One kernel position an image: the layer is a matrix product, as a fully connected one."""

from __future__ import annotations

import torch

from .buffers import Kind, Scratch, kind_of
from .candidate import Candidate, is_plain
from .geometry import ConvolutionGeometry
from .kernel import Kernel, deliver_sum, megaflops
from .packing import BATCH_FIRST, Frame, Packing


class MatmulKernel(Kernel):
    """A deconvolution of 1 x 1 images, or a convolution whose kernel equals the padded image.

    The small side is (batch, small channels), the large one (batch, large channels * kernel pixels), and Caffe's
    weights are the matrix between them as they lie.
    """

    def __init__(self, geometry: ConvolutionGeometry, scratch: Scratch | None = None) -> None:
        super().__init__(geometry)
        self._scratch = Scratch() if scratch is None else scratch
        self._kind: Kind | None = None
        self._sides: tuple[Packing, Packing]        # bottom and top, for tensors of that kind

    def forward(self, bottom, weight, bias, top):
        bottom_side, top_side = self._ready(bottom)
        source = bottom_side.load(bottom)

        def compute(result: torch.Tensor) -> None:
            torch.mm(source, self._bottom_to_top(weight), out=result)
            if bias is not None:
                result.view(self.geometry.batch, bias.numel(), -1).add_(bias.view(-1, 1))

        top_side.write(top, self._scratch, compute)

    def backward(self, top_diff, bottom, weight, *, bottom_diff=None, weight_diff=None, bias_diff=None,
                 accumulate=False):
        bottom_side, top_side = self._ready(top_diff)
        gradient = top_side.load(top_diff)
        if bias_diff is not None:
            per_image = gradient.view(self.geometry.batch, bias_diff.numel(), -1)
            deliver_sum(per_image.sum(0), 1, bias_diff, accumulate)
        if weight_diff is not None:
            self._weight_gradient(bottom_side.load(bottom), gradient, weight_diff, accumulate)
        if bottom_diff is not None:
            back = self._bottom_to_top(weight).t()
            bottom_side.write(bottom_diff, self._scratch, lambda result: torch.mm(gradient, back, out=result))

    def describe(self):
        small, large = self.geometry.weight_shape[0], self.geometry.weight_shape[1:]
        inner = large[0] * large[1] * large[2]
        flops = 2 * self.geometry.products * self.geometry.batch * small * inner
        return f"matmul: {small} x {inner}, {megaflops(flops)} a step"

    def _bottom_to_top(self, weight: torch.Tensor) -> torch.Tensor:
        matrix = weight.view(weight.shape[0], -1)
        return matrix if self.geometry.transposed else matrix.t()

    def _weight_gradient(self, bottom, top, weight_diff, accumulate) -> None:
        small, large = (bottom, top) if self.geometry.transposed else (top, bottom)
        target = weight_diff.view(weight_diff.shape[0], -1)
        if accumulate:
            target.addmm_(small.t(), large)
        else:
            torch.mm(small.t(), large, out=target)

    def _ready(self, like: torch.Tensor) -> tuple[Packing, Packing]:
        """Bottom and top for tensors like this one."""
        if self._kind != kind_of(like):
            self._kind, like, geometry = kind_of(like), like.new_empty(0), self.geometry
            small = Packing(geometry.batch, geometry.small, BATCH_FIRST, Frame(1, 1), like)
            frame = Frame(*geometry.kernel, pad=geometry.pad)
            large = Packing(geometry.batch, geometry.large, BATCH_FIRST, frame, like)
            self._sides = (small, large) if geometry.transposed else (large, small)
        return self._sides


#: The least that was measured, for the deconvolutions of 1 x 1 images in README.md's table.
GAIN = 1.6


def fits(geometry: ConvolutionGeometry, device: torch.device) -> bool:
    """Whether there is one kernel position an image."""
    return is_plain(geometry, device) and geometry.small[1:] == (1, 1)


CANDIDATE = Candidate("matmul", fits, lambda geometry: GAIN, MatmulKernel)
