"""The sizes of a band's computation, and what it promises to gain."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from . import bilinear
from .candidate import is_plain
from .geometry import ConvolutionGeometry
from .packing import Frame

#: Floating-point operations a second of the band's matrix products, on one core.
RATE = 45e9
#: Those of PyTorch's convolution, for each channel that it can put into a vector register, and how many it can.
NATIVE_RATE_PER_CHANNEL = 2e9
NATIVE_CHANNELS = 32
#: Time of one entry of the band, written and summed up, in floating-point operations at RATE.
ENTRY_COST = 40
#: How many times faster the band must promise to be: the estimate errs, and wider registers help the native one more.
MARGIN = 2.0


@dataclass(frozen=True)
class BandPlan:
    """The sizes of the lowered computation. Rows with a stride are split into phases that join the channels."""

    geometry: ConvolutionGeometry

    @property
    def phases(self) -> int:
        return self.geometry.stride[0]

    @property
    def taps(self) -> int:
        """Kernel rows of one phase."""
        return -(-self.geometry.kernel[0] // self.phases)

    @property
    def frame(self) -> Frame:
        """What the kernels reach of the large side."""
        height, width = ((count - 1) * stride + kernel for count, stride, kernel in
                         zip(self.geometry.small[1:], self.geometry.stride, self.geometry.kernel))
        return Frame(height, width, self.phases, self.geometry.pad)

    @property
    def rank(self) -> int:
        """Slots: how many independent matrix products replace the convolution over rows."""
        return bilinear.rank(self.frame.rows)

    @property
    def small_width(self) -> int:
        """Channels times columns of the small side: one dimension of a slot's matrix."""
        return self.geometry.small.channels * self.geometry.small.width

    @property
    def large_width(self) -> int:
        """Phases times channels times columns of the large side: the other dimension."""
        return self.phases * self.geometry.large.channels * self.frame.width

    @property
    def wide(self) -> bool:
        """Whether the large side lies last in a slot's matrix; the longer one does, as that is faster."""
        return self.large_width >= self.small_width

    @property
    def flops(self) -> int:
        """Floating-point operations of one step: products in the slots, and transforms of the activations."""
        geometry, products = self.geometry, self.geometry.products
        large_is_transformed = 2 if geometry.transposed or geometry.needs_bottom_diff else 1
        small_is_transformed = 2 if not geometry.transposed or geometry.needs_bottom_diff else 1
        transforms = (small_is_transformed * geometry.small.height * self.small_width
                      + large_is_transformed * self.frame.rows * self.large_width)
        return 2 * geometry.batch * self.rank * (products * self.small_width * self.large_width + transforms)

    @property
    def band_entries(self) -> int:
        """Entries of all slots' matrices that lie in the band: written and summed once a step."""
        geometry = self.geometry
        return self.rank * self.small_width * self.phases * geometry.large.channels * geometry.kernel[1]


def fits(geometry: ConvolutionGeometry, device: torch.device) -> bool:
    """Whether the band computes the layer; a 1 x 1 kernel leaves it nothing to save."""
    return is_plain(geometry, device) and geometry.kernel != (1, 1)


def gain(geometry: ConvolutionGeometry) -> float:
    """Estimate of the native kernel's time over the band's, forward and backward."""
    plan = BandPlan(geometry)
    lowered = (plan.flops + ENTRY_COST * plan.band_entries) / RATE
    channels = min(geometry.in_channels, geometry.out_channels)
    if not geometry.needs_bottom_diff:
        channels = geometry.out_channels
    return geometry.direct_flops / (NATIVE_RATE_PER_CHANNEL * min(channels, NATIVE_CHANNELS)) / lowered
