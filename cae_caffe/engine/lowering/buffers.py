"""Memory for kernels: scratch that layers share, and proof that a tensor is as it was."""

from __future__ import annotations

import math

import torch

from .. import torch_private

Kind = tuple[torch.dtype, torch.device, bool]


def kind_of(tensor: torch.Tensor) -> Kind:
    """What buffers for a call with this tensor depend on: those made in inference mode serve only there."""
    return tensor.dtype, tensor.device, torch.is_inference_mode_enabled()


class Scratch:
    """Temporary memory, one piece a role, shared by kernels that never run at the same time.

    What a kernel writes there is its own only until its call ends. Sharing halves that memory and keeps the pieces in
    the cache. Kernels reserve when they are built and take at their first call, so that all get the same memory;
    one that comes later and needs more gets a new, longer piece, and the others keep theirs.
    """

    def __init__(self) -> None:
        self._sizes: dict[str, int] = {}
        self._pieces: dict[tuple[str, Kind], torch.Tensor] = {}

    def reserve(self, role: str, elements: int) -> None:
        """Announce that `role` will be taken with up to so many elements."""
        self._sizes[role] = max(elements, self._sizes.get(role, 0))

    def take(self, role: str, shape: tuple[int, ...], like: torch.Tensor) -> torch.Tensor:
        """Contiguous, uninitialised memory of this shape, of the type and device of `like`."""
        elements = math.prod(shape)
        self.reserve(role, elements)
        key = (role, kind_of(like))
        piece = self._pieces.get(key)
        if piece is None or piece.numel() < elements:
            piece = self._pieces[key] = like.new_empty(self._sizes[role])
        return piece[:elements].view(shape)


class Snapshot:
    """Knows whether a tensor still holds what it held, as far as PyTorch's version counters tell."""

    def __init__(self) -> None:
        self._state: tuple | None = None

    def take(self, tensor: torch.Tensor) -> None:
        self._state = torch_private.written_state(tensor)

    def drop(self) -> None:
        self._state = None

    def holds(self, tensor: torch.Tensor) -> bool:
        """True only for the same elements of the same memory, unwritten since. False where that cannot be known."""
        if self._state is None:
            return False
        (owner, *rest), now = self._state, torch_private.written_state(tensor)
        return now is not None and now[0] is owner and list(now[1:]) == rest
