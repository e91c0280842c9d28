"""The shape of one convolution or deconvolution, by Caffe's formulas; no tensors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Extent(NamedTuple):
    """Channels, height and width of one image at one side of a layer."""

    channels: int
    height: int
    width: int


@dataclass(frozen=True)
class ConvolutionGeometry:
    """All that decides how a layer is computed, besides the numbers themselves.

    Pairs are (height, width). A deconvolution is the adjoint of a convolution, so both are described by the same
    two sides: the `small` one (a convolution's top, a deconvolution's bottom), with one kernel position a pixel,
    and the `large` one that the kernels range over. Caffe's weights are (small channels, large channels / group,
    kernel height, kernel width) in both cases.
    """

    transposed: bool
    batch: int
    in_channels: int
    in_height: int
    in_width: int
    out_channels: int
    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    pad: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)
    group: int = 1
    has_bias: bool = True
    needs_bottom_diff: bool = True

    @property
    def out_height(self) -> int:
        """Rows of the top (Caffe's `compute_output_shape` in conv_layer.cpp and deconv_layer.cpp)."""
        return self._out(self.in_height, axis=0)

    @property
    def out_width(self) -> int:
        """Columns of the top."""
        return self._out(self.in_width, axis=1)

    def _out(self, size: int, axis: int) -> int:
        extent = self.dilation[axis] * (self.kernel[axis] - 1) + 1
        if self.transposed:
            return self.stride[axis] * (size - 1) + extent - 2 * self.pad[axis]
        return (size + 2 * self.pad[axis] - extent) // self.stride[axis] + 1

    @property
    def bottom(self) -> Extent:
        return Extent(self.in_channels, self.in_height, self.in_width)

    @property
    def top(self) -> Extent:
        return Extent(self.out_channels, self.out_height, self.out_width)

    @property
    def small(self) -> Extent:
        """The side with one kernel position a pixel."""
        return self.bottom if self.transposed else self.top

    @property
    def large(self) -> Extent:
        """The side that the kernels range over."""
        return self.top if self.transposed else self.bottom

    @property
    def bottom_shape(self) -> tuple[int, int, int, int]:
        return (self.batch, *self.bottom)

    @property
    def top_shape(self) -> tuple[int, int, int, int]:
        return (self.batch, *self.top)

    @property
    def weight_shape(self) -> tuple[int, int, int, int]:
        return (self.small.channels, self.large.channels // self.group, *self.kernel)

    @property
    def products(self) -> int:
        """How many products a step needs: forward and weight gradient, and the bottom's gradient if it is wanted."""
        return 3 if self.needs_bottom_diff else 2

    @property
    def direct_flops(self) -> int:
        """Floating-point operations of one step (forward and backward), computed as the definition says."""
        taps = self.weight_shape[1] * self.kernel[0] * self.kernel[1]
        small = self.small
        return 2 * self.products * self.batch * small.channels * small.height * small.width * taps
