"""Whether a recorded step does all that the step itself does: both are run from one state, and compared bit by bit.

Between the recording and the check the parameters were updated and the next batch has come. So what the step wrote
without the tape's knowledge is now another value than what is left of it in memory, or it does not matter yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Callable

import torch

from .tape import Tape, mark_written


def difference(net, tape: Tape, step: Callable[[], None]) -> str | None:
    """Replay `tape`, then run `step`, a pass of `net`, from the state of before; where they differ, in words, or None.

    Leaves what `step` left. It takes, for the time of the check, twice the memory that a step writes.
    """
    blobs = list(_memories(net))
    whole = [_whole_memory(tensor) for tensor in _distinct([*(flat for _, flat in blobs), *tape.writes])]
    before = [memory.clone() for memory in whole]
    tape.replay()
    replayed = [flat.clone() for _, flat in blobs]
    for memory, values in zip(whole, before):
        memory.copy_(values)
    mark_written(tape.writes)
    step()
    different = (name for (name, flat), values in zip(blobs, replayed) if not _same_bits(flat, values))
    return next(different, None)


def _memories(net) -> Iterator[tuple[str, torch.Tensor]]:
    """The memories of a net's blobs and parameters, flat, each with a name."""
    blobs = [(f"blob `{name}`", blob) for name, blob in zip(net.blob_names, net.blobs)]
    blobs += [(f"parameter {number} of layer `{layer.name}`", blob)
              for layer in net.layers for number, blob in enumerate(layer.blobs)]
    for name, blob in blobs:
        _, *halves = blob.place_in_memory
        for what, memory in zip(("data", "diff"), halves):
            if memory is not None:
                yield f"the {what} of {name}", memory.flat


def _distinct(tensors: list[torch.Tensor]) -> list[torch.Tensor]:
    """One of the tensors for each memory."""
    return list({tensor.untyped_storage().data_ptr(): tensor for tensor in tensors}.values())


def _whole_memory(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.new_empty(0).set_(tensor.untyped_storage())


def _same_bits(one: torch.Tensor, other: torch.Tensor) -> bool:
    return torch.equal(one.view(torch.int32), other.view(torch.int32))      # NaN equals itself so
