"""The windows of each image copied side by side, and one matrix product an image: one channel under many kernels."""

from __future__ import annotations

import torch

from .buffers import Scratch, Snapshot, kind_of
from .candidate import Candidate, is_plain
from .geometry import ConvolutionGeometry
from .kernel import Kernel, deliver_sum, megaflops
from .packing import BATCH_FIRST, Frame, Packing

#: How many times a layer's top its columns may be.
COLUMNS_PER_TOP = 4
#: The least that was measured: 8 to 64 outputs, 3 x 3 to 7 x 7.
GAIN = 1.6


class UnfoldKernel(Kernel):
    """A convolution as (outputs x taps) times (taps x places) for each image, all images in one call.

    A tap is one pixel of the kernel in one channel, in the order of Caffe's weights, and a place is a pixel of the top.
    The copied windows ("columns") stay from forward to backward, where the weights' gradient needs them again.
    """

    def __init__(self, geometry: ConvolutionGeometry, scratch: Scratch | None = None) -> None:
        super().__init__(geometry)
        if geometry.transposed:
            raise ValueError("UnfoldKernel computes convolutions, and this geometry is a deconvolution's")
        self._scratch = Scratch() if scratch is None else scratch
        self._work: _Work | None = None
        by_image = geometry.batch * geometry.in_channels * geometry.kernel[0] * geometry.kernel[1]
        self._scratch.reserve("products", by_image * geometry.out_channels)
        if geometry.needs_bottom_diff:
            self._scratch.reserve("columns", by_image * geometry.out_height * geometry.out_width)

    def forward(self, bottom, weight, bias, top):
        work = self._ready(bottom)
        work.load(bottom)
        shape = work.top_shape

        def compute(result: torch.Tensor) -> None:
            if bias is None:
                torch.bmm(work.weights(weight), work.columns, out=result.view(shape))
            else:
                torch.baddbmm(bias.view(1, -1, 1), work.weights(weight), work.columns, out=result.view(shape))

        work.top.write(top, self._scratch, compute)

    def backward(self, top_diff, bottom, weight, *, bottom_diff=None, weight_diff=None, bias_diff=None,
                 accumulate=False):
        work = self._ready(top_diff)
        gradient = work.top.load(top_diff).view(work.top_shape)
        if bias_diff is not None:
            deliver_sum(gradient.sum(2), 0, bias_diff, accumulate)
        if weight_diff is not None:
            by_image = self._weight_gradients(work, gradient, bottom)
            deliver_sum(by_image, 0, weight_diff.view(by_image.shape[1:]), accumulate)
        if bottom_diff is not None:
            columns = self._scratch.take("columns", work.columns.shape, gradient)
            torch.bmm(work.weights(weight).transpose(1, 2), gradient, out=columns)
            work.bottom.write(bottom_diff, self._scratch, lambda image: work.fold(columns, image))

    def describe(self):
        geometry = self.geometry
        taps = geometry.in_channels * geometry.kernel[0] * geometry.kernel[1]
        return (f"unfold: {geometry.out_channels} x {taps} x {geometry.out_height * geometry.out_width} an image, "
                f"{megaflops(geometry.direct_flops)} a step")

    def forget(self):
        if self._work is not None:
            self._work.forget()

    def _weight_gradients(self, work: _Work, gradient: torch.Tensor, bottom: torch.Tensor) -> torch.Tensor:
        """(image, outputs, taps): what each image contributes."""
        work.load_if_changed(bottom)
        by_image = self._scratch.take("products", (*gradient.shape[:2], work.columns.shape[1]), gradient)
        return torch.bmm(gradient, work.columns.transpose(1, 2), out=by_image)

    def _ready(self, like: torch.Tensor) -> _Work:
        """The buffers for tensors like this one."""
        work = self._work
        if work is None or work.kind != kind_of(like):
            work = self._work = _Work(self.geometry, like.new_empty(0))
        return work


class _Work:
    """The columns for one kind of tensors, and how both sides of the layer become matrices."""

    def __init__(self, geometry: ConvolutionGeometry, like: torch.Tensor) -> None:
        self.kind = kind_of(like)
        self._geometry = geometry
        height, width = ((count - 1) * stride + kernel for count, stride, kernel in
                         zip(geometry.small[1:], geometry.stride, geometry.kernel))
        self._frame = Frame(height, width, pad=geometry.pad)
        self.bottom = Packing(geometry.batch, geometry.bottom, BATCH_FIRST, self._frame, like)
        self.top = Packing(geometry.batch, geometry.top, BATCH_FIRST, Frame(*geometry.top[1:]), like)
        places = geometry.out_height * geometry.out_width
        #: (image, output, place)
        self.top_shape = (geometry.batch, geometry.out_channels, places)
        taps = geometry.in_channels * geometry.kernel[0] * geometry.kernel[1]
        #: (image, tap, place)
        self.columns = like.new_empty((geometry.batch, taps, places))
        self._seen = Snapshot()

    def load(self, bottom: torch.Tensor) -> None:
        windows = self._windows(self.bottom.load(bottom))
        self.columns.view(windows.shape).copy_(windows)
        self._seen.take(bottom)

    def load_if_changed(self, bottom: torch.Tensor) -> None:
        if not self._seen.holds(bottom):
            self.load(bottom)

    def fold(self, columns: torch.Tensor, image: torch.Tensor) -> None:
        """Add the columns up where their values come from; two windows of one tap never share a pixel."""
        image.zero_()
        windows = self._windows(image)
        parts = columns.view(windows.shape)
        for row in range(windows.shape[2]):
            for column in range(windows.shape[3]):
                windows[:, :, row, column].add_(parts[:, :, row, column])

    def weights(self, weight: torch.Tensor) -> torch.Tensor:
        """(image, output, tap): the same matrix for all images, without a copy."""
        return weight.view(1, weight.shape[0], -1).expand(self.columns.shape[0], -1, -1)

    def forget(self) -> None:
        self._seen.drop()

    def _windows(self, image: torch.Tensor) -> torch.Tensor:
        """The framed image (image, channels and pixels) seen as (image, channel, kernel row, column, top's row,
        column).
        """
        geometry, frame = self._geometry, self._frame
        pixels = image.view(geometry.batch, geometry.in_channels, frame.height, frame.width)
        unfolded = pixels.unfold(2, geometry.kernel[0], geometry.stride[0])
        return unfolded.unfold(3, geometry.kernel[1], geometry.stride[1]).permute(0, 1, 4, 5, 2, 3)


def fits(geometry: ConvolutionGeometry, device: torch.device) -> bool:
    """Whether images of one channel are convolved, as the data of a first layer, where the native kernel's gradient of
    the weights is slow.
    """
    taps = geometry.kernel[0] * geometry.kernel[1]
    return (is_plain(geometry, device) and not geometry.transposed and geometry.in_channels == 1
            and not geometry.needs_bottom_diff and geometry.stride == (1, 1) and geometry.kernel != (1, 1)
            and taps <= COLUMNS_PER_TOP * geometry.out_channels)


CANDIDATE = Candidate("unfold", fits, lambda geometry: GAIN, UnfoldKernel)
