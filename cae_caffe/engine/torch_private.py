"""What this package uses of PyTorch beyond its public names: all of it is here, and no other module has any.

Such names may go with any release of PyTorch. So each says what it spares, and what runs where it is missing:

| name | what it spares | without it |
|---|---|---|
| `torch._fused_sgd_` | half the time of SGD's update | the update in chunks, as on other devices |
| `aten._softmax_backward_data` | two of three passes over memory, and new memory | these |
| `TorchDispatchMode` and an operation's `_schema` | the layers' Python in a step (tape.py) | steps layer by layer |
| a tensor's `_version` and `_base` | transforms of weights and bottom in a backward pass | these transforms |
"""

# ruff: noqa: SLF001 -- names that PyTorch keeps for itself are what this module is for

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import Any

import torch

# Where PyTorch has SGD's whole update as one kernel.
_FUSED_SGD_DEVICES = ("cpu", "cuda")
_fused_sgd: Any = getattr(torch, "_fused_sgd_", None)
_softmax_backward: Any = getattr(torch.ops.aten, "_softmax_backward_data", None)
_mode = getattr(getattr(torch.utils, "_python_dispatch", None), "TorchDispatchMode", None)
_Base: Any = _mode or object
_has_versions = hasattr(torch.Tensor, "_version") and hasattr(torch.Tensor, "_base")


def has_fused_sgd(device: torch.device) -> bool:
    """Whether `fused_sgd` runs on `device`."""
    return _fused_sgd is not None and device.type in _FUSED_SGD_DEVICES


def fused_sgd(data: torch.Tensor, diff: torch.Tensor, velocity: torch.Tensor, rate: float, decay: float,
              momentum: float) -> None:
    """One pass over memory: v = momentum v + rate (diff + decay data); data = data - v. `momentum` is not 0."""
    # PyTorch's rule is v = momentum v + (1 - dampening) g, w = w - lr v, so the rate goes where it goes in Caffe.
    _fused_sgd([data], [diff], [velocity], weight_decay=decay, lr=1.0, dampening=1 - rate, momentum=momentum,
               nesterov=False, maximize=False, is_first_step=False)
    torch.autograd.graph.increment_version(data)      # which the kernel forgets


def softmax_backward(top_diff: torch.Tensor, top: torch.Tensor, axis: int, bottom_diff: torch.Tensor) -> None:
    """Softmax's gradient along `axis`: bottom_diff = top (top_diff - the sum of top top_diff)."""
    if _softmax_backward is None:
        products = top_diff * top
        torch.sub(products, top * products.sum(axis, keepdim=True), out=bottom_diff)
    # PyTorch's kernel writes into `grad_input` as if its values lay in their logical order.
    elif bottom_diff.is_contiguous():
        _softmax_backward.out(top_diff, top, axis, torch.float32, grad_input=bottom_diff)
    else:
        bottom_diff.copy_(_softmax_backward(top_diff, top, axis, torch.float32))


def written_state(tensor: torch.Tensor) -> tuple | None:
    """What is equal again only for the same elements of the same memory, unwritten since; None if that is unknown.

    The tensor that owns the memory comes first (held, so that its address is not given out again), to be compared by
    identity; then its version, and the part of it.
    """
    if not _has_versions or tensor.is_inference():
        return None     # inference tensors have no version counter
    owner = tensor if tensor._base is None else tensor._base
    return owner, tensor._version, tensor.storage_offset(), tensor.shape, tensor.stride()


@functools.cache
def can_listen() -> bool:
    """Whether a `Listener` hears operations here."""
    return _mode is not None and hasattr(torch.ops.aten.add.Tensor, "_schema")


class Listener(_Base):
    """While it is entered (`with`), every tensor operation of this thread comes to its `call`, if `can_listen()`."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        return self.call(function, args, kwargs or {})

    def call(self, function, args: tuple, kwargs: dict):
        """Run the operation and return its result."""
        raise NotImplementedError

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """No: it would import PyTorch's compiler, as slow as PyTorch itself, only to keep it away from this mode."""
        return False


def is_view(function) -> bool:
    """Whether an operation does nothing but look at its arguments' memory in another way."""
    schema = function._schema
    aliases = [value.alias_info for value in (*schema.arguments, *schema.returns)]
    return (bool(schema.returns) and all(value.alias_info is not None for value in schema.returns)
            and not any(alias is not None and alias.is_write for alias in aliases))


def new_results(function, result) -> tuple:
    """Of an operation's result, the tensors that it made; none if it wrote into or looks at those that it was given."""
    made = any(value.alias_info is None for value in function._schema.returns)
    return tuple(result) if made and isinstance(result, (tuple, list)) else (result,) if made else ()


def written_arguments(function, args: tuple, kwargs: dict) -> Iterator[torch.Tensor]:
    """The tensors among an operation's arguments that it writes into."""
    for position, argument in enumerate(function._schema.arguments):
        if argument.alias_info is not None and argument.alias_info.is_write:
            given = args[position] if position < len(args) else kwargs.get(argument.name)
            yield from given if isinstance(given, Sequence) else () if given is None else (given,)
