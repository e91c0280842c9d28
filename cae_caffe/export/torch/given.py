"""Tensors that somebody brings: of a module, a state_dict, or a file of either kind."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Union, cast

import torch
from torch import nn

from ...errors import InputError
from .. import needs

GivenTensors = Union[nn.Module, Mapping[str, torch.Tensor], str, os.PathLike]

CHECKPOINTS = ("state_dict", "model_state_dict", "model")     # where training scripts put a state_dict among others
COUNTED = "num_batches_tracked"     # nn.BatchNorm2d's, which Caffe has not


@dataclass(frozen=True)
class Given:
    """The `tensors` by name, `name` for messages, and whether they are in their module's order (`ordered`)."""

    tensors: dict[str, torch.Tensor]
    name: str
    ordered: bool = True


def tensors_of(given: GivenTensors) -> Given:
    """What a module, a state_dict or a file of it holds, without what nn.BatchNorm2d counts.

    A file is a .safetensors, or one of torch.save, of which tensors alone are read (weights_only). Of a training
    script's checkpoint it is the state_dict. Raises InputError for what is none of these, and for a file that cannot be
    read.
    """
    ordered, held = True, cast(Any, given)
    if isinstance(given, nn.Module):
        name, held = f"the module {type(given).__name__}", given.state_dict()
    elif isinstance(given, Mapping):
        name = "the state_dict"
    elif isinstance(given, (str, os.PathLike)):
        name, ordered, held = os.fspath(given), not _is_safetensors(given), _read(given)
    else:
        raise InputError(f"A {type(given).__module__}.{type(given).__name__} is given where an nn.Module, its "
                         "state_dict, or a path of a file with one is needed.")
    tensors = {key: value for key, value in _state_in(held, name).items() if key.rpartition(".")[2] != COUNTED}
    if not tensors:
        raise InputError(f"{name}: it holds no tensors.")
    return Given(tensors, name, ordered)


def _state_in(held: Any, name: str) -> Mapping[str, torch.Tensor]:
    """What was held, if it is a state_dict, or the one in it."""
    if _is_state(held):
        return held
    inside = {key: value for key, value in held.items() if _is_state(value) and value} \
        if isinstance(held, Mapping) else {}
    chosen = next((key for key in CHECKPOINTS if key in inside), None)
    if chosen is None and len(inside) == 1:
        chosen, = inside
    if chosen is not None:
        return inside[chosen]
    if len(inside) > 1:
        raise InputError(f"{name}: it holds several state_dicts ({', '.join(map(str, inside))}); give the one of them "
                         "that you mean.")
    raise InputError(f"{name}: {_wrong(held)}; give a state_dict, tensors by their names, as module.state_dict() makes "
                     "it.")


def _is_state(held: Any) -> bool:
    return isinstance(held, Mapping) and all(isinstance(key, str) and isinstance(value, torch.Tensor)
                                             for key, value in held.items())


def _wrong(held: Any) -> str:
    """What is not a state_dict about it."""
    if not isinstance(held, Mapping):
        return f"it holds a {type(held).__name__}"
    key, value = next((key, value) for key, value in held.items()
                      if not (isinstance(key, str) and isinstance(value, torch.Tensor)))
    if not isinstance(key, str):
        return f"it holds a tensor under {key!r}, which is no name"
    return f"under `{key}` it holds a {type(value).__name__}, which is no tensor"


def _is_safetensors(path: str | os.PathLike) -> bool:
    return os.fspath(path).endswith(".safetensors")


def _read(path: str | os.PathLike) -> Any:
    if _is_safetensors(path):
        needs.require_safetensors()
        from safetensors.torch import load_file

        def read():
            return load_file(os.fspath(path))
    else:
        def read():
            return torch.load(path, map_location="cpu", weights_only=True)
    try:
        return read()
    except OSError as error:
        raise InputError(f"{path}: the file cannot be read: {error.strerror or error}.") from None
    except Exception as error:      # the readers raise of all kinds for bytes that are none of theirs
        raise InputError(f"{path}: {_complaint(path, str(error))}") from None


def _complaint(path: str | os.PathLike, error: str) -> str:
    if _is_safetensors(path):
        return f"this is no whole safetensors file ({error})."
    if "Unsupported global" in error:
        culprit = error.partition("GLOBAL ")[2].partition(" ")[0]
        return (f"it holds more than tensors ({culprit}), which would be run as code, and so is not read; save the "
                "tensors alone: torch.save(module.state_dict(), path).")
    return "this is no whole file of torch.save with tensors alone; save module.state_dict()."
