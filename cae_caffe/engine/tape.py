"""A training step as a list of tensor operations, repeated without the Python that led to them: the CPU's CUDA graph.

In a step of a small net a good part of the time goes into layers asking blobs for tensors and tensors for views. All
of that comes to the same each time, so it is done once: what remains is a hundred operations on tensors that are at
hand. They are the step's own, in its order, so the results are the same to the last bit.
"""

from __future__ import annotations

from typing import Callable

import torch
from torch.utils._python_dispatch import TorchDispatchMode


class Tape(TorchDispatchMode):
    """Runs `function` and notes its operations; `replay` runs them again on the same memory.

    Only for a function that reaches its tensors through PyTorch's dispatcher, not through numpy, and decides nothing
    by their values; `Layer.is_replayable` says so of a layer.
    """

    #: Recording has run the function once already; a CUDA graph's has not.
    ran = True

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """No: it would import PyTorch's compiler, as slow as PyTorch itself, only to keep it away from this mode."""
        return False

    def __init__(self, function: Callable[[], None]):
        super().__init__()
        self._operations: list[tuple] = []
        with torch.no_grad(), self:
            function()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        aliases = [value.alias_info for value in function._schema.returns]
        writes = any(alias is not None and alias.is_write for alias in aliases)
        makes = any(alias is None for alias in aliases)
        if writes or makes:             # else it returns a view, and views stay what they are
            self._operations.append((function, args, kwargs or {}, _several(result) if makes else ()))
        return result

    @torch.inference_mode()     # which spares each operation the way through autograd, and still counts versions
    def replay(self) -> None:
        for function, args, kwargs, made in self._operations:
            result = function(*args, **kwargs)
            if made:
                for old, new in zip(made, _several(result)):        # others read it where it was the first time
                    if old is not None:
                        old.copy_(new)


def _several(result) -> tuple:
    return result if isinstance(result, tuple) else (result,)
