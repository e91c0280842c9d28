"""Which kernel computes a layer: decided by its shape alone, so that every machine computes alike."""

from __future__ import annotations

import os

import torch

from ...errors import InputError
from .band import BandKernel, BandPlan
from .buffers import Scratch
from .geometry import ConvolutionGeometry
from .kernel import Kernel
from .matmul import MatmulKernel
from .native import NativeKernel
from .plane import PlaneKernel
from .unfold import UnfoldKernel

#: Pairs of channels up to which a 1 x 1 kernel is computed plane by plane: each pair is one pass over the planes.
PLANE_PAIRS = 16
#: Floating-point operations a second of the band's matrix products, on one core.
BAND_RATE = 45e9
#: Those of PyTorch's convolution, for each channel that it can put into a vector register, and how many it can.
NATIVE_RATE_PER_CHANNEL = 2e9
NATIVE_CHANNELS = 32
#: Time of one entry of the band, written and summed up, in floating-point operations at BAND_RATE.
BAND_ENTRY_COST = 40
#: How many times faster the band must promise to be: the estimate errs, and wider registers help the native one more.
BAND_MARGIN = 2.0
#: How many times a layer's top its columns may be, where its images are unfolded.
COLUMNS_PER_TOP = 4

#: The environment variable that forces PyTorch's own kernels, for a whole process, where it says NATIVE.
SWITCH, NATIVE = "CAE_CAFFE_KERNELS", "native"


def choose(
    geometry: ConvolutionGeometry,
    force_native: bool = False,
    *,
    device: torch.device | str = "cpu",
    scratch: Scratch | None = None,
) -> Kernel:
    """The kernel for a layer of this shape.

    `force_native`, CAE_CAFFE_KERNELS=native in the environment, and any device but a CPU mean PyTorch's own. Layers
    that never run at the same time, such as those of one net, should be given one `scratch`: it saves memory and time.
    Raises InputError if the environment says anything else of the kernels.
    """
    if force_native or _switched_to_native() or torch.device(device).type != "cpu" or not _plain(geometry):
        return NativeKernel(geometry)
    if _one_position(geometry):
        return MatmulKernel(geometry, scratch)
    if geometry.kernel == (1, 1):
        return PlaneKernel(geometry, scratch) if _few_planes(geometry) else NativeKernel(geometry)
    if band_gain(geometry) > BAND_MARGIN:
        return BandKernel(geometry, scratch)
    return UnfoldKernel(geometry, scratch) if _one_channel(geometry) else NativeKernel(geometry)


def band_gain(geometry: ConvolutionGeometry) -> float:
    """Estimate of the native kernel's time over the band's, forward and backward."""
    plan = BandPlan(geometry)
    lowered = (plan.flops + BAND_ENTRY_COST * plan.band_entries) / BAND_RATE
    channels = min(geometry.in_channels, geometry.out_channels)
    if not geometry.needs_bottom_diff:
        channels = geometry.out_channels
    return geometry.direct_flops / (NATIVE_RATE_PER_CHANNEL * min(channels, NATIVE_CHANNELS)) / lowered


def _switched_to_native() -> bool:
    said = os.environ.get(SWITCH, "")
    if said not in ("", NATIVE):
        raise InputError(f"The environment variable {SWITCH} is `{said}`; set it to `{NATIVE}` to force PyTorch's own "
                         "convolutions, or leave it unset.")
    return said == NATIVE


def _plain(geometry: ConvolutionGeometry) -> bool:
    """Whether the lowered kernels know how to compute it."""
    return geometry.group == 1 and geometry.dilation == (1, 1)


def _one_position(geometry: ConvolutionGeometry) -> bool:
    return geometry.small[1:] == (1, 1)


def _few_planes(geometry: ConvolutionGeometry) -> bool:
    pairs = geometry.in_channels * geometry.out_channels
    return geometry.stride == (1, 1) and geometry.pad == (0, 0) and pairs <= PLANE_PAIRS


def _one_channel(geometry: ConvolutionGeometry) -> bool:
    """Whether images of one channel are convolved, as the data of a first layer: the native kernel's gradient of the
    weights is two to seven times slower there than unfolding (measured: 8 to 64 outputs, 3 x 3 to 7 x 7).
    """
    taps = geometry.kernel[0] * geometry.kernel[1]
    return (not geometry.transposed and geometry.in_channels == 1 and not geometry.needs_bottom_diff
            and geometry.stride == (1, 1) and taps <= COLUMNS_PER_TOP * geometry.out_channels)
