"""Which kernel computes a layer: decided by its shape alone, so that every machine computes alike."""

from __future__ import annotations

import os

import torch

from ...errors import InputError
from . import band, matmul, plane, unfold
from .buffers import Scratch
from .candidate import Candidate
from .geometry import ConvolutionGeometry
from .kernel import Kernel
from .native import NativeKernel

#: In the order in which they are asked; the first that is worth it computes the layer, and without one PyTorch does.
_candidates: list[Candidate] = [matmul.CANDIDATE, plane.CANDIDATE, band.CANDIDATE, unfold.CANDIDATE]

#: The environment variable that forces PyTorch's own kernels, for a whole process, where it says NATIVE.
SWITCH, NATIVE = "CAE_CAFFE_KERNELS", "native"


def candidates() -> tuple[Candidate, ...]:
    """All candidates, in the order in which they are asked."""
    return tuple(_candidates)


def register(candidate: Candidate, before: str | None = None) -> None:
    """Let `candidate` be asked too, before the one named `before`, or before all; nets built from now on heed it.

    Raises ValueError for a name that is taken, and for a `before` that is none.
    """
    names = [known.name for known in _candidates]
    if candidate.name in names:
        raise ValueError(f"kernel candidate `{candidate.name}` is registered twice")
    if before is not None and before not in names:
        raise ValueError(f"there is no kernel candidate `{before}`; there are {', '.join(names)}")
    _candidates.insert(0 if before is None else names.index(before), candidate)


def choose(
    geometry: ConvolutionGeometry,
    force_native: bool = False,
    *,
    device: torch.device | str = "cpu",
    scratch: Scratch | None = None,
) -> Kernel:
    """The kernel for a layer of this shape: of the first candidate that is worth it, else PyTorch's own.

    `force_native` and CAE_CAFFE_KERNELS=native in the environment mean PyTorch's own always, and so does a batch of 0.
    Layers that never run at the same time, such as those of one net, should be given one `scratch`: it saves memory and
    time. Raises InputError if the environment says anything else of the kernels.
    """
    if geometry.batch and not (force_native or _switched_to_native()):
        for candidate in _candidates:
            if candidate.is_worth_it(geometry, torch.device(device)):
                return candidate.make(geometry, scratch)
    return NativeKernel(geometry)


def _switched_to_native() -> bool:
    said = os.environ.get(SWITCH, "")
    if said not in ("", NATIVE):
        raise InputError(f"The environment variable {SWITCH} is `{said}`; set it to `{NATIVE}` to force PyTorch's own "
                         "convolutions, or leave it unset.")
    return said == NATIVE
