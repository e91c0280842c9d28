"""What a kernel says of itself, so that `choose` can pick it: whether it computes a layer, and what that gains."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from .buffers import Scratch
from .geometry import ConvolutionGeometry
from .kernel import Kernel


@dataclass(frozen=True)
class Candidate:
    """A kernel that offers itself for layers.

    Both answers must follow from the arguments alone, never from a measurement or from the tensors' values: a net has
    to be computed alike each time and on every machine.
    """

    #: As error messages and `register(before=...)` call it.
    name: str
    #: Whether it computes a layer of this shape on this device.
    fits: Callable[[ConvolutionGeometry, torch.device], bool]
    #: How many times faster than PyTorch's own kernel it promises to be, forward and backward; asked where it fits.
    gain: Callable[[ConvolutionGeometry], float]
    #: The kernel for the shape, with the scratch that the net's layers share (None: one of its own).
    make: Callable[[ConvolutionGeometry, Scratch | None], Kernel]
    #: What it must promise before it is taken: above 1 where the estimate errs.
    margin: float = 1.0

    def is_worth_it(self, geometry: ConvolutionGeometry, device: torch.device) -> bool:
        """Whether it computes such a layer, and promises enough."""
        return self.fits(geometry, device) and self.gain(geometry) > self.margin


def is_plain(geometry: ConvolutionGeometry, device: torch.device) -> bool:
    """Whether the layer has neither groups nor dilation and runs on the CPU: all that this package's kernels know."""
    return device.type == "cpu" and geometry.group == 1 and geometry.dilation == (1, 1)
